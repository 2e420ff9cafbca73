"""mtlv: multi-task learning on text, made visible.

Which tasks should be learned together, what is gained or lost, at what cost, and why? `mtlv` takes
labelled text, groups the tasks, trains every architecture under one honest protocol, and compares.

    import mtlv
    outcome = mtlv.run("configs/demo.yaml")
    for plan in outcome.plans:
        print(plan.name, plan.summary.metrics["f1_macro"].mean, plan.cost.train_seconds)
"""

from __future__ import annotations

from typing import Any

from mtlv.version import __version__

__all__ = ["__version__", "run"]


def __getattr__(name: str) -> Any:
    """Load the front door when it is first used, so that `mtlv --help` stays quick."""
    if name == "run":
        from mtlv.api import run

        return run
    raise AttributeError(f"module 'mtlv' has no attribute '{name}'")
