"""The contract of every known dataset, and the memo of what was parsed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mtlv.data import Corpus
from mtlv.data.catalog import DATASETS, KnownDataset, describe, read_known
from mtlv.data.catalog.known import found_beside_published, load_yaml
from mtlv.errors import ConfigError, DataError
from mtlv.settings import Settings

SMALL = {"openi": {"min_count": 1}, "demo": {"size": 40}}
"""Settings under which the tiny datasets can be read; joining the registry may need a line here."""

WITH_FILES = [name for name in DATASETS if DATASETS[name].places]


def small(name: str, root: Path) -> Corpus:
    return read_known(name, SMALL.get(name), root)


@pytest.mark.parametrize("name", DATASETS)
class TestContract:
    def test_says_what_it_is(self, name: str) -> None:
        dataset = DATASETS[name]
        assert dataset.name == name
        assert 20 < len(dataset.about) < 120
        assert "\n" not in dataset.about
        assert dataset.address
        assert dataset.licence
        assert all(isinstance(count, int) and count > 0 for count in dataset.published.values())

    def test_settings_have_defaults_and_are_explained(self, name: str) -> None:
        settings = DATASETS[name].settings
        assert settings()
        assert all(field.description for field in settings.model_fields.values())

    def test_reads_the_same_twice(self, name: str, tiny_root: Path) -> None:
        dataset = DATASETS[name]
        settings = dataset.settings.model_validate(SMALL.get(name, {}))
        source = next((tiny_root / p for p in dataset.places if (tiny_root / p).exists()), None)
        first, second = dataset.read(settings, source), dataset.read(settings, source)
        assert first.fingerprint == second.fingerprint
        assert first.notes == second.notes

    def test_corpus_is_named_noted_and_described(self, name: str, tiny_root: Path) -> None:
        corpus = small(name, tiny_root)
        descriptions = [target.description for target in corpus.targets]
        assert corpus.name == name
        assert corpus.notes
        assert all(text and len(text.split()) >= 8 for text in descriptions)
        assert len(set(descriptions)) == len(descriptions)

    def test_notes_put_found_beside_published(self, name: str, tiny_root: Path) -> None:
        notes = small(name, tiny_root).notes
        for count in DATASETS[name].published.values():
            assert any(f"(published {count:,})" in note for note in notes)

    def test_unknown_setting_names_the_nearest(self, name: str, tiny_root: Path) -> None:
        known = next(iter(DATASETS[name].settings.model_fields))
        with pytest.raises(ConfigError, match=f"did you mean '{known}'"):
            read_known(name, {known + "s": 1}, tiny_root)


@pytest.mark.parametrize("name", WITH_FILES)
class TestFiles:
    def test_missing_files_are_explained(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(DataError) as caught:
            read_known(name, {}, tmp_path)
        message = str(caught.value)
        assert DATASETS[name].address in message
        assert "MTLV_DATA" in message
        assert all(place in message for place in DATASETS[name].places)

    def test_missing_folder_is_explained(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("MTLV_DATA", raising=False)
        with pytest.raises(DataError, match="MTLV_DATA is not set"):
            read_known(name)

    def test_environment_names_the_folder(
        self, name: str, tiny_root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MTLV_DATA", str(tiny_root))
        assert read_known(name, SMALL.get(name)).fingerprint == small(name, tiny_root).fingerprint

    @pytest.mark.parametrize("inner", ["", "{folder}", "{place}"])
    def test_path_may_be_any_folder_on_the_way(
        self, name: str, inner: str, tiny_root: Path
    ) -> None:
        place = next(p for p in DATASETS[name].places if (tiny_root / p).exists())
        path = tiny_root / inner.format(folder=Path(place).parts[0], place=place)
        corpus = read_known(name, {**SMALL.get(name, {}), "path": str(path)})
        assert corpus.fingerprint == small(name, tiny_root).fingerprint

    def test_relative_path_starts_from_the_config(self, name: str, tiny_root: Path) -> None:
        place = next(p for p in DATASETS[name].places if (tiny_root / p).exists())
        settings = {**SMALL.get(name, {}), "path": Path(place).parts[0]}
        corpus = read_known(name, settings, base=tiny_root)
        assert corpus.fingerprint == small(name, tiny_root).fingerprint

    def test_wrong_path_is_explained(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="nowhere"):
            read_known(name, {"path": str(tmp_path / "nowhere")})


class Lines(Settings):
    """Settings of the dataset below."""

    path: Path | None = None
    """The file."""


@pytest.fixture
def calls() -> list[Path]:
    return []


@pytest.fixture
def lines(calls: list[Path], monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Corpus]:
    """A dataset added from outside, one text per line; `calls` counts how often it is parsed."""

    def read(settings: Lines, source: Path) -> Corpus:
        from mtlv.data import CorpusBuilder, Example, Target

        calls.append(source)
        builder = CorpusBuilder("lines", [Target("long", description="more than a word")])
        for number, line in enumerate(source.read_text().splitlines()):
            builder.add(Example(str(number), line, targets={"long": int(" " in line)}))
        return builder.build(["made up"])

    dataset = KnownDataset("lines", "a", "b", "c", Lines, read, {}, ("lines.txt",))
    monkeypatch.setitem(DATASETS._things, "lines", dataset)
    return lambda root: read_known("lines", {}, root)


class TestMemo:
    def test_second_reading_skips_parsing(
        self, lines: Callable[[Path], Corpus], calls: list[Path], tmp_path: Path
    ) -> None:
        (tmp_path / "lines.txt").write_text("one\ntwo words\n")
        first, second = lines(tmp_path), lines(tmp_path)
        assert len(calls) == 1
        assert (first.fingerprint, first.targets) == (second.fingerprint, second.targets)
        assert (first.name, first.notes) == (second.name, second.notes)
        assert first.texts() == second.texts()
        np.testing.assert_array_equal(first.matrix(), second.matrix())

    def test_changed_file_is_parsed_again(
        self, lines: Callable[[Path], Corpus], calls: list[Path], tmp_path: Path
    ) -> None:
        (tmp_path / "lines.txt").write_text("one\ntwo words\n")
        lines(tmp_path)
        (tmp_path / "lines.txt").write_text("one\ntwo words\nand three words\n")
        assert len(lines(tmp_path)) == 3
        assert len(calls) == 2

    @pytest.mark.parametrize("broken", ["", "{}", '{"id": 3}', "[]"])
    def test_broken_memo_is_parsed_again(
        self,
        lines: Callable[[Path], Corpus],
        calls: list[Path],
        broken: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("MTLV_CACHE", str(tmp_path / "cache"))
        (tmp_path / "lines.txt").write_text("one\ntwo words\n")
        lines(tmp_path)
        [memo] = (tmp_path / "cache" / "catalog").iterdir()
        memo.write_text(broken)
        assert len(lines(tmp_path)) == 2
        assert len(calls) == 2

    def test_swept_cache_is_parsed_again(
        self,
        lines: Callable[[Path], Corpus],
        calls: list[Path],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("MTLV_CACHE", str(tmp_path / "cache"))
        (tmp_path / "lines.txt").write_text("one\ntwo words\n")
        corpus = lines(tmp_path)
        (tmp_path / "cache" / "corpora" / corpus.fingerprint / "corpus.arrow").unlink()
        (tmp_path / "cache" / "corpora" / corpus.fingerprint).rmdir()
        assert lines(tmp_path).fingerprint == corpus.fingerprint
        assert len(calls) == 2


def test_unknown_dataset_names_the_known() -> None:
    with pytest.raises(ConfigError, match="did you mean 'openi'"):
        read_known("open-i")


def test_counts_without_a_published_one_stand_alone() -> None:
    assert found_beside_published({"a": 1200, "b": 2}, {"b": 3}) == [
        "a: 1,200",
        "b: 2 (published 3)",
    ]


@pytest.mark.parametrize("name", ["openi", "ohsumed"])
def test_descriptions_are_for_known_labels_only(name: str) -> None:
    from mtlv.data.catalog.ohsumed import CATEGORIES
    from mtlv.data.catalog.openi import LABELS

    labels = list(LABELS) if name == "openi" else [c.name for c in CATEGORIES.values()]
    assert list(load_yaml(name)) == labels
    assert [target.name for target in describe(name, labels)] == labels
