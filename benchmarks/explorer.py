"""How soon the explorer starts and answers, over large stores that are made for it.

    python benchmarks/explorer.py [--json] [--tasks 50] [--folds 3] [--seeds 3] [--examples 30]

Two stores hold 50 labels and more than 100,000 predicted targets each: one is cross-validated, in
about 500 jobs; the other has the same texts in one fixed test part. Every page is asked for, and
every figure that the stores have data for.

`startup_seconds` is from starting the command to the first page, of the slower store;
`scored_seconds` is until the first page that needs all predictions scored. Every page is then asked
for `--repeats` times over HTTP. `first_seconds` is the first time, before anything of that page was
kept, until the page itself is there: one that tells the browser to come back is asked again at
once.
"""

from __future__ import annotations

import argparse
import json
import os
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

from explorer.worlds import write_world  # noqa: E402
from mtlv.explorer.figures import figure_names  # noqa: E402
from mtlv.explorer.pages.plan import FIGURES as PLAN_FIGURES  # noqa: E402
from mtlv.store import Store  # noqa: E402

STUDY = "/studies/reports"
PAGES = {
    "studies": "/studies",
    "study": STUDY,
    "plan": f"{STUDY}/plans/gmtl",
    "plan of many models": f"{STUDY}/plans/stl",
    "task": f"{STUDY}/tasks/label%2007",
    "groups": f"{STUDY}/groups?plan=gmtl",
    "what-if": f"{STUDY}/groups?grouping=gmtl:1&move=label%2007:2",
    "transfer": f"{STUDY}/transfer",
    "jobs": f"{STUDY}/jobs",
    "job": f"{STUDY}/jobs?job=JOB",
    "examples": f"{STUDY}/examples?show=disagree",
    "search": f"{STUDY}/examples?text=heart",
    "explanations": f"{STUDY}/explanations",
    "compare": "/compare?study=reports&baseline=stl",
    "compare bootstrap": "/compare?study=reports&test=bootstrap",
    "compare ranks": "/compare?study=reports&test=bootstrap&metric=average_precision_macro",
    "compare slow": "/compare?study=reports&test=randomisation&metric=log_loss",
    "progress": f"{STUDY}/progress.json",
    "figure curves-job": f"{STUDY}/figures/curves-job.json?job=JOB",
    "figure what-if": f"{STUDY}/what-if.json?grouping=gmtl:1&move=label%2007:2",
}
FIGURES = {f"figure {name}": f"{STUDY}/figures/{name}.json" for name in figure_names()}
FIGURES |= {
    f"figure {name}, one plan": f"{STUDY}/figures/{name}.json?plan=stl" for name in PLAN_FIGURES
}


def main() -> None:
    options = _options()
    folds = {"folds": options.folds, "examples": options.examples}
    fixed = {"folds": 1, "examples": options.folds * options.examples}
    with tempfile.TemporaryDirectory() as scrap:
        os.environ["MTLV_CACHE"] = str(Path(scrap) / "cache")
        stores = [
            _looked_at("cross-validated", Path(scrap) / "folds", folds, options),
            _looked_at("fixed test", Path(scrap) / "fixed", fixed, options),
        ]
    found = {
        "startup_seconds": max(own["startup_seconds"] for own in stores),
        "pages": [page for own in stores for page in own.pop("pages")],
        "stores": stores,
    }
    _print(found, options.json)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    for name, value in (("tasks", 50), ("folds", 3), ("seeds", 3), ("examples", 30)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--repeats", type=int, default=20)
    return parser.parse_args()


def _looked_at(
    name: str, root: Path, shape: dict[str, int], options: argparse.Namespace
) -> dict[str, Any]:
    """Make a store, and measure every page and figure of it."""
    tasks = [f"label {i:02d}" for i in range(options.tasks)]
    store = write_world(root, tasks, seeds=range(options.seeds), **shape)
    study = store.study("reports")
    job = study.cells[0].jobs[0]
    with _explorer(root) as (base, startup):
        began = time.perf_counter()
        _wait(f"{base}{STUDY}")
        scored = time.perf_counter() - began
        pages = [
            _measured(f"{name}: {page}", base + path.replace("JOB", job), options.repeats)
            for page, path in (PAGES | FIGURES).items()
        ]
    return {
        "store": name,
        "startup_seconds": round(startup, 3),
        "scored_seconds": round(scored, 3),
        "jobs": _jobs(store),
        "labels": len(study.tasks),
        "predictions": len(study.cells) * shape["examples"] * 2 * len(study.tasks),
        "without_data": [n for n, page in zip(PAGES | FIGURES, pages, strict=True) if page is None],
        "pages": [page for page in pages if page is not None],
    }


def _jobs(store: Store) -> int:
    return len(list((store.root / "jobs").iterdir()))


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


def _fetched(address: str) -> bytes:
    """Return a page, however often it must be asked for."""
    while True:
        with urlopen(address) as answer:
            text: bytes = answer.read()
            if answer.status == 200:
                return text


def _measured(name: str, address: str, repeats: int) -> dict[str, Any] | None:
    """Return how long a page takes; None of a figure that the store has no data for."""
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        text = _fetched(address)
        seconds.append(time.perf_counter() - began)
    if text.startswith(b"{") and json.loads(text).get("figure", text) is None:
        return None
    return {
        "page": name,
        "median_seconds": round(statistics.median(seconds), 4),
        "p95_seconds": round(sorted(seconds)[max(0, round(0.95 * repeats) - 1)], 4),
        "first_seconds": round(seconds[0], 4),
        "kilobytes": round(len(text) / 1024, 1),
    }


def _print(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, indent=1))
        return
    for own in found["stores"]:
        size = f"{own['jobs']} jobs, {own['labels']} labels, {own['predictions']:,} predictions"
        print(f"{own['store']}: {size}")
        print(f"start {own['startup_seconds']:.2f} s, scored {own['scored_seconds']:.1f} s later")
    for page in found["pages"]:
        print(
            f"{page['page']:<42}{page['median_seconds']:>8.3f} s{page['p95_seconds']:>8.3f} s"
            f"{page['first_seconds']:>8.3f} s at first{page['kilobytes']:>10,.0f} kB"
        )


if __name__ == "__main__":
    main()
