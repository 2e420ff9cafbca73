"""Whether a job can go on in the middle, and from whose state."""

from __future__ import annotations

from mtlv.store import Store
from mtlv.studies.environment import environment
from mtlv.studies.jobs import AnyJob, Job
from mtlv.training.precision import choose_precision
from mtlv.training.processes import shares_jobs
from mtlv.training.resuming import Saves

__all__ = ["saves_of"]

VERSIONS = ("torch", "transformers", "accelerate", "mtlv", "python", "device")
"""What must be equal in both attempts, of what a record says of its environment."""


def saves_of(job: AnyJob, store: Store) -> Saves | None:
    """Return what keeps the state of a running job; None for one that starts over.

    A job starts over if it measures (its probe would have seen a part of the run only), if several
    processes share it (each has random streams and losses of its own), or if the settings say so.
    """
    settings = job.train if isinstance(job, Job) else job.settings
    measures = isinstance(job, Job) and job.probe is not None
    if settings.save_every is None or measures or shares_jobs():
        return None
    here = environment()
    about = {name: here[name] for name in VERSIONS}
    about["precision"] = choose_precision(settings.precision)
    return Saves(store.partial_folder(job.id), settings.save_every, about)
