"""Files: whole or not at all, whatever stops the writer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mtlv import files
from mtlv.errors import StoreError
from mtlv.files import SCRAP, cache_folder, reserve, sweep_scraps, write_folder, write_text


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def contents(folder: Path) -> dict[str, str]:
    """Return every file below a folder."""
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


class TestText:
    def test_it_is_written_with_the_folders_above(self, tmp_path: Path) -> None:
        write_text(tmp_path / "a" / "b.json", "föhn\n")
        assert contents(tmp_path) == {"a/b.json": "föhn\n"}

    def test_what_was_there_is_replaced(self, tmp_path: Path) -> None:
        write_text(tmp_path / "a", "one")
        write_text(tmp_path / "a", "two")
        assert contents(tmp_path) == {"a": "two"}

    def test_a_full_disk_leaves_the_old_file_and_no_scrap(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_text(tmp_path / "a", "one")
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StoreError) as caught:
            write_text(tmp_path / "a", "two")
        assert contents(tmp_path) == {"a": "one"}
        assert str(caught.value).splitlines()[1:3] == [
            f"  where:    {tmp_path / 'a'}",
            "  found:    No space left on device",
        ]

    @pytest.mark.parametrize("place", ["file/a", "folder"])
    def test_an_impossible_place_is_explained(self, tmp_path: Path, place: str) -> None:
        (tmp_path / "file").write_text("")
        (tmp_path / "folder").mkdir()
        with pytest.raises(StoreError, match="Cannot write"):
            write_text(tmp_path / place, "one")
        assert contents(tmp_path) == {"file": ""}

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "a")
        write_text(tmp_path / "a", "one")
        write_text(tmp_path / "link", "two")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "a").read_text() == "two"

    def test_a_pipe_is_written_into(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE) as reader:
            write_text(tmp_path / "pipe", "through")
            assert reader.communicate()[0] == b"through"
        assert (tmp_path / "pipe").is_fifo()


class TestFolder:
    def test_it_appears_when_it_is_whole(self, tmp_path: Path) -> None:
        with write_folder(tmp_path / "job") as scrap:
            (scrap / "a").write_text("one")
            assert not (tmp_path / "job").exists()
            assert scrap.name.startswith(SCRAP)
        assert contents(tmp_path) == {"job/a": "one"}

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_nothing_is_left_of_a_failure(self, tmp_path: Path, error: type[BaseException]) -> None:
        def failing() -> None:
            with write_folder(tmp_path / "job") as scrap:
                (scrap / "a").write_text("one")
                raise error

        with pytest.raises(error):
            failing()
        assert not list(tmp_path.iterdir())

    def test_a_full_disk_is_explained_and_nothing_is_left(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="finished work is kept"), write_folder(tmp_path / "a"):
            full()
        assert not list(tmp_path.iterdir())

    def test_a_full_disk_under_a_library_in_rust_is_explained_too(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="No space left"), write_folder(tmp_path / "a"):
            raise Exception("No space left on device (os error 28)")

    def test_an_error_of_ours_stays_what_it_is(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="another"), write_folder(tmp_path / "a"):
            raise StoreError("another")

    @pytest.mark.parametrize(("replace", "stays"), [(False, "first"), (True, "second")])
    def test_two_writers_do_not_mix(self, tmp_path: Path, replace: bool, stays: str) -> None:
        with (
            write_folder(tmp_path / "job", replace=replace) as second,
            write_folder(tmp_path / "job") as first,
        ):
            (second / "a").write_text("second")
            (first / "a").write_text("first")
            (first / "b").write_text("first")
        expected = {"job/a": "second"} if replace else {"job/a": "first", "job/b": "first"}
        assert contents(tmp_path) == expected
        assert set(expected.values()) == {stays}

    def test_a_writer_that_is_quicker_by_a_hair_wins(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "job").mkdir()
        (tmp_path / "job" / "a").write_text("first")
        answers = iter([False])
        real = Path.exists
        monkeypatch.setattr(Path, "exists", lambda path: next(answers, real(path)))
        with write_folder(tmp_path / "job") as scrap:
            (scrap / "a").write_text("second")
        assert contents(tmp_path) == {"job/a": "first"}

    @pytest.mark.slow
    def test_a_killed_writer_leaves_only_a_scrap(self, tmp_path: Path) -> None:
        code = (
            "import os, sys\nfrom pathlib import Path\nfrom mtlv.files import write_folder\n"
            "with write_folder(Path(sys.argv[1]) / 'job') as scrap:\n"
            "    (scrap / 'a').write_text('one')\n    os.kill(os.getpid(), 9)\n"
        )
        done = subprocess.run([sys.executable, "-c", code, tmp_path], check=False)
        assert done.returncode == -9
        assert [p.name.startswith(SCRAP) for p in tmp_path.iterdir()] == [True]


def test_space_is_claimed_before_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "holes"
    with path.open("wb") as file:
        file.truncate(1 << 20)
    assert path.stat().st_blocks == 0
    reserve(path)
    assert path.stat().st_blocks * 512 >= path.stat().st_size == 1 << 20
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        reserve(path)


def test_old_scraps_are_swept_and_young_ones_stay(tmp_path: Path) -> None:
    for name in (f"{SCRAP}old", f"{SCRAP}young", "job"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("one")
    (tmp_path / f"{SCRAP}file").write_text("one")
    for name in (f"{SCRAP}old", f"{SCRAP}file", "job"):
        os.utime(tmp_path / name, (time.time() - 90_000,) * 2)
    sweep_scraps(tmp_path)
    assert set(contents(tmp_path)) == {f"{SCRAP}young/a", "job/a"}


def test_sweeping_where_nothing_is_does_nothing(tmp_path: Path) -> None:
    sweep_scraps(tmp_path / "nowhere")


def test_the_cache_stands_where_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MTLV_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("MTLV_CACHE")
    assert cache_folder() == Path.home() / ".cache" / "mtlv"
    assert files.__doc__


def test_a_folder_that_was_to_be_replaced_gets_its_name_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with write_folder(tmp_path / "job-1") as scrap:
        (scrap / "record").write_text("finished")
    old = tmp_path / f"{SCRAP}job-1-0a1b2c3d-old"
    (tmp_path / "job-1").rename(old)
    sweep_scraps(tmp_path)
    assert old.exists(), "its writer may be at it"
    monkeypatch.setattr("mtlv.files.SECONDS_TO_REPLACE", -1.0)
    sweep_scraps(tmp_path)
    assert (tmp_path / "job-1" / "record").read_text() == "finished"
