"""Compare two architectures on the embedded corpus, then score a text. About two minutes.

python examples/quickstart.py
"""

from __future__ import annotations

import mtlv
from mtlv.store import Store
from mtlv.usage.predict import load_predictor

CONFIG = {
    "study": "quickstart",
    "data": "demo",
    "plans": ["mtl", {"gmtl": {"groups": 2, "features": "label_description"}}],
    "train": {"epochs": 6, "learning_rate": 6e-4, "max_length": 96, "freeze_layers": 4},
}


def main() -> None:
    """Run the study, print its scores, and use the better model."""
    outcome = mtlv.run(CONFIG, store="runs")
    for plan in outcome.plans:
        f1 = plan.summary.metrics["f1_macro"]
        print(f"{plan.name}: macro-F1 {100 * f1.mean:.1f}, {plan.cost.train_seconds:.0f} s")

    predictor = load_predictor(Store("runs"), "quickstart")
    text = "The heart is enlarged. There is no pleural effusion."
    for name, task in predictor([text]).tasks.items():
        print(f"{'yes' if task.decisions[0] else 'no':>4}  {task.scores[0]:.2f}  {name}")


if __name__ == "__main__":
    main()
