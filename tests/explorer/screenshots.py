"""Draws docs/screenshots: every page of the explorer at 1280x800, over a store made for it.

python tests/explorer/screenshots.py docs/screenshots
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from PIL import Image  # noqa: E402  (it comes with matplotlib)

from explorer.browsing import browser, draw_all, serving  # noqa: E402
from explorer.worlds import write_world  # noqa: E402
from mtlv.explorer.app import Site, make_app  # noqa: E402

TASKS = (
    *("cardiomegaly", "pulmonary edema", "pleural effusion", "pneumothorax", "opacity"),
    *("nodule", "calcified granuloma", "atelectasis", "scoliosis", "rib fracture"),
    *("degenerative change", "catheters, indwelling"),
)
PAGES = {
    "studies": "/studies",
    "study": "/studies/reports",
    "study-figures": "/studies/reports?baseline=mtl#figures",
    "plan": "/studies/reports/plans/gmtl",
    "task": "/studies/reports/tasks/nodule?plan=stl&plan=mtl",
    "groups": "/studies/reports/groups?plan=gmtl",
    "what-if": "/studies/reports/groups?grouping=gmtl:1&move=nodule:1&move=scoliosis:3#what-if",
    "transfer": "/studies/reports/transfer",
    "jobs": "/studies/reports/jobs?sort=jobs:7:down",
    "job": "/studies/reports/jobs?job=JOB",
    "examples": "/studies/reports/examples?text=opacity&show=disagree",
    "compare": "/compare?study=reports",
    "explanations": "/studies/reports/explanations",
    "running": "/studies/going",
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scrap:
        store = write_world(
            Path(scrap) / "runs", TASKS, folds=3, seeds=(0, 1), epochs=8, examples=150
        )
        job = store.study("reports").cells[1].jobs[0]
        app = make_app(Site(Path(scrap) / "runs", patience=60))
        with serving(app) as base, browser() as chromium:
            for name, path in PAGES.items():
                shoot(chromium, base + path.replace("JOB", job), folder / f"{name}.png")
            shoot(chromium, base + "/studies/reports", folder / "study-dark.png", "dark")


def shoot(chromium, address, path, theme="light"):  # type: ignore[no-untyped-def]
    page = chromium.new_page(viewport={"width": 1280, "height": 800}, color_scheme=theme)
    page.goto(address)
    draw_all(page)
    page.evaluate("window.scrollTo(0, 0)")
    if "#" in address:
        page.evaluate("document.querySelector(location.hash)?.scrollIntoView()")
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)
    print(path, path.stat().st_size // 1024, "kB")
    page.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots"))
