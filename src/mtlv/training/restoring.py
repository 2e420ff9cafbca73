"""Restoring: a network with the weights that a stored job learned, or to start from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from mtlv.errors import EncoderError
from mtlv.model.encoders import locate
from mtlv.model.network import Network, build_network, with_own_encoders
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.model.soft_sharing import members_of, spread
from mtlv.model.source import EncoderSource, pooling_of_random, with_special_tokens
from mtlv.plans import HeadPlan, ModelPlan
from mtlv.store import JobRecord, Store
from mtlv.tasks import TaskSet
from mtlv.training import checkpoint

__all__ = ["load_network", "start_from"]


def load_network(store: Store, job: JobRecord, tasks: TaskSet) -> tuple[Network, EncoderSource]:
    """Build a job's network and put its stored weights in.

    Raises:
        StoreError: the weights were not kept.
        EncoderError: its encoder is not there, or is another one now.
    """
    checkpoint.check_kept(store.job_folder(job.id))
    spec = job.spec
    encoder = {key: value for key, value in spec["encoder"].items() if key != "fingerprint"}
    settings = EncoderSettings.model_validate(encoder | {"name": spec["encoder_name"]})
    source = _source(store.job_folder(job.id), settings, spec["encoder"]["fingerprint"])
    model = ModelPlan(tuple(HeadPlan(tuple(head)) for head in job.model))
    network = build_network(
        model,
        tasks,
        source,
        settings,
        _head_settings(spec),
        seed=job.seed,
        freeze_layers=spec["train"]["freeze_layers"],
    )
    strength = spec["train"].get("soft_sharing")
    if strength is not None:
        network = with_own_encoders(network, strength)
    if spec.get("starts_from") is not None:
        start_from(network, store, spec["starts_from"])
    checkpoint.restore(network, store.job_folder(job.id))
    network.eval()
    return network, source


def _head_settings(spec: Mapping[str, Any]) -> HeadSettings | list[HeadSettings]:
    """Return the settings of a job's heads, or of each where they differ."""
    if "heads" in spec:
        return [HeadSettings.model_validate(own) for own in spec["heads"]]
    return HeadSettings.model_validate(spec["head"])


def start_from(network: Network, store: Store, job: str) -> None:
    """Give a network the encoder of a trained job.

    Raises:
        StoreError: the job, or one that it started from, kept no weights, or they do not fit.
    """
    record = store.job(job)
    checkpoint.take_over(
        network, _encoder_state(store, record), record.model, store.job_folder(job)
    )


def _encoder_state(store: Store, job: JobRecord) -> dict[str, Tensor]:
    """Return what is stored of a job's encoders, and of those that it started from.

    A checkpoint holds what training changed; the rest is in the job before it.
    """
    own = checkpoint.encoder_state(store.job_folder(job.id))
    before = job.spec.get("starts_from")
    if before is None:
        return own
    record = store.job(before)
    earlier = _encoder_state(store, record)
    after = members_of(own, job.model)
    return spread(earlier, members_of(earlier, record.model), after, own) | own


def _source(job_folder: Path, settings: EncoderSettings, expected: str) -> EncoderSource:
    own = job_folder / checkpoint.ENCODER
    if own.is_dir():
        bare = EncoderSource(str(own), pooling_of_random(settings), expected, random=True)
        return replace(with_special_tokens(bare, settings), fingerprint=expected)
    source = locate(settings)
    if source.fingerprint != expected:
        raise EncoderError(
            "The encoder is not the one that the model was trained from.",
            where=source.address,
            found=f"fingerprint {source.fingerprint}",
            expected=f"fingerprint {expected}",
            hint="put the earlier encoder back, or run the study again",
        )
    return source
