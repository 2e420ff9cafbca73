"""The number format: as told, or as the device is made for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from mtlv.errors import ConfigError
from mtlv.training import precision
from mtlv.training.precision import FASTER, choose_precision, computing_in


@pytest.fixture(autouse=True)
def _probe_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    precision._bf16_is_fast.cache_clear()
    yield
    precision._bf16_is_fast.cache_clear()


def _seconds_of_bf16(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let there be a system that lists no flags, so that only time can tell."""
    monkeypatch.setattr(precision, "CPUINFO", Path("/nowhere"))
    times = {torch.float32: 1.0, torch.bfloat16: seconds}
    monkeypatch.setattr(precision, "_seconds", lambda dtype: times[dtype])


@pytest.mark.parametrize("wanted", ["bf16", "fp32"])
def test_what_is_wanted_is_taken(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_seconds", lambda _dtype: pytest.fail("probed"))
    assert choose_precision(wanted) == wanted  # type: ignore[arg-type]


@pytest.mark.parametrize(("seconds", "expected"), [(0.25, "bf16"), (0.9, "fp32"), (4.0, "fp32")])
def test_auto_is_bf16_where_it_is_clearly_faster(
    seconds: float, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _seconds_of_bf16(monkeypatch, seconds)
    assert choose_precision("auto") == expected
    assert (FASTER * seconds < 1.0) is (expected == "bf16")


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("processor : 0\nflags : fpu avx512_bf16 sse\n", "bf16"),
        ("flags\t\t: fpu avx2 sse\n", "fp32"),
        ("Features : fp asimd bf16\n", "bf16"),
    ],
)
def test_flags_decide_and_not_a_stopwatch(
    listed: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(listed)
    monkeypatch.setattr(precision, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(precision, "_seconds", lambda _dtype: pytest.fail("timed"))
    assert choose_precision("auto") == expected


def test_the_processor_is_probed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _seconds_of_bf16(monkeypatch, 0.1)
    choose_precision("auto")
    monkeypatch.setattr(precision, "_seconds", lambda _dtype: pytest.fail("probed again"))
    assert choose_precision("auto") == "bf16"


def test_the_probe_measures_something() -> None:
    assert 0 < precision._seconds(torch.float32, size=16, repeats=3) < 1


@pytest.mark.parametrize(("native", "expected"), [(True, "bf16"), (False, "fp16")])
def test_auto_on_a_gpu_is_what_it_does_natively(
    native: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: native)
    assert choose_precision("auto") == expected


def test_fp16_on_a_processor_is_refused() -> None:
    with pytest.raises(ConfigError, match="needs a GPU") as error:
        choose_precision("fp16")
    assert error.value.where == "train.precision"


@pytest.mark.parametrize(
    ("told", "expected"),
    [("bf16", torch.bfloat16), ("fp32", torch.float32), ("fp16", torch.float32)],
)
def test_a_jobs_precision_is_computed_in_where_a_processor_has_it(
    told: str, expected: torch.dtype
) -> None:
    matrix = torch.ones(2, 2)
    with computing_in(told, torch.device("cpu")):
        assert (matrix @ matrix).dtype == expected
