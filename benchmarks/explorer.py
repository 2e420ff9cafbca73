"""How soon the explorer starts and answers, over a large store that is made for it.

    python benchmarks/explorer.py [--json] [--tasks 50] [--folds 3] [--seeds 3] [--examples 30]

The store has about 500 jobs and 50 labels, and its plans have predicted more than 100,000 targets.
`startup_seconds` is from starting the command to the first page; `scored_seconds` is until the
first page that needs all predictions scored. Every page is then asked for `--repeats` times over
HTTP. `first_seconds` is the first time, before anything of that page was kept, until the page
itself is there: one that tells the browser to come back is asked again at once.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from explorer.worlds import affinity_of  # noqa: E402
from mtlv.store import Store, StudyRecord  # noqa: E402
from store.fakes import fake_study  # noqa: E402

STUDY = "/studies/large"
PAGES = {
    "studies": "/studies",
    "study": STUDY,
    "plan": f"{STUDY}/plans/gmtl",
    "task": f"{STUDY}/tasks/label%2007",
    "groups": f"{STUDY}/groups?plan=gmtl",
    "what-if": f"{STUDY}/groups?grouping=gmtl:1&move=label%2007:2",
    "transfer": f"{STUDY}/transfer",
    "jobs": f"{STUDY}/jobs",
    "examples": f"{STUDY}/examples?show=disagree",
    "compare": "/compare?study=large&baseline=stl",
    "compare bootstrap": "/compare?study=large&test=bootstrap",
    "compare ranks": "/compare?study=large&test=bootstrap&metric=average_precision_macro",
    "compare slow": "/compare?study=large&test=randomisation&metric=log_loss",
    "progress": f"{STUDY}/progress.json",
    "figure forest": f"{STUDY}/figures/forest.json",
    "figure discordant": f"{STUDY}/figures/discordant.json",
    "figure cost": f"{STUDY}/figures/cost.json",
    "figure decisions": f"{STUDY}/figures/decisions.json?task=label%2007",
    "figure label-correlation": f"{STUDY}/figures/label-correlation.json",
    "figure affinity": f"{STUDY}/figures/affinity.json",
    "figure curves-model": f"{STUDY}/figures/curves-model.json?plan=gmtl",
}


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as scrap:
        root = Path(scrap) / "runs"
        study = _make(root, options)
        with _explorer(root) as (base, startup):
            began = time.perf_counter()
            _wait(f"{base}{STUDY}")
            scored = time.perf_counter() - began
            pages = [_measured(name, base + path, options.repeats) for name, path in PAGES.items()]
        found = {
            "startup_seconds": round(startup, 3),
            "scored_seconds": round(scored, 3),
            "jobs": len(list((root / "jobs").iterdir())),
            "labels": len(study.tasks),
            "predictions": len(study.cells) * options.examples * 2 * len(study.tasks),
            "pages": pages,
        }
    _print(found, options.json)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    for name, value in (("tasks", 50), ("folds", 3), ("seeds", 3), ("examples", 30)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--repeats", type=int, default=20)
    return parser.parse_args()


def _make(root: Path, options: argparse.Namespace) -> StudyRecord:
    """Write the store; the groups of one plan have an affinity."""
    store = Store(root)
    tasks = [f"label {i:02d}" for i in range(options.tasks)]
    study = fake_study(
        store,
        "large",
        tasks=tasks,
        folds=options.folds,
        seeds=range(options.seeds),
        examples=options.examples,
    )
    affinity = affinity_of(tasks)
    cells = [
        cell.model_copy(
            update={"grouping": cell.grouping.model_copy(update={"affinity": affinity})}
        )
        if cell.plan == "gmtl" and cell.grouping is not None
        else cell
        for cell in study.cells
    ]
    study = study.model_copy(update={"cells": cells})
    store.write_study(study)
    return study


@contextmanager
def _explorer(root: Path) -> Iterator[tuple[str, float]]:
    """Start `mtlv ui`, and give its address and the seconds until its first page."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mtlv", "ui", "--store", str(root), "--port", str(port)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait(f"http://127.0.0.1:{port}/studies")
        yield f"http://127.0.0.1:{port}", time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(10)


def _wait(address: str, limit: float = 300.0) -> None:
    """Ask until a page answers with 200."""
    end = time.perf_counter() + limit
    while time.perf_counter() < end:
        try:
            with urlopen(address) as answer:
                if answer.status == 200:
                    return
        except (URLError, ConnectionError):
            pass
        time.sleep(0.02)
    raise SystemExit(f"{address} did not answer within {limit:.0f} s")


def _fetched(address: str) -> int:
    """Return the bytes of a page, however often it must be asked for."""
    while True:
        with urlopen(address) as answer:
            text = answer.read()
            if answer.status == 200:
                return len(text)


def _measured(name: str, address: str, repeats: int) -> dict[str, Any]:
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        size = _fetched(address)
        seconds.append(time.perf_counter() - began)
    return {
        "page": name,
        "median_seconds": round(statistics.median(seconds), 4),
        "p95_seconds": round(sorted(seconds)[max(0, round(0.95 * repeats) - 1)], 4),
        "first_seconds": round(seconds[0], 4),
        "kilobytes": round(size / 1024, 1),
    }


def _print(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, indent=1))
        return
    print(f"{found['jobs']} jobs, {found['labels']} labels, {found['predictions']:,} predictions")
    print(f"start {found['startup_seconds']:.2f} s, scored {found['scored_seconds']:.1f} s later")
    for page in found["pages"]:
        print(
            f"{page['page']:<26}{page['median_seconds']:>8.3f} s{page['p95_seconds']:>8.3f} s"
            f"{page['first_seconds']:>8.3f} s at first{page['kilobytes']:>10,.0f} kB"
        )


if __name__ == "__main__":
    main()
