"""Probes: instruments that look into a training run and do not change it.

A probe measures what one multi-task run shows of its tasks: how a step on one moves the loss of
another, how their gradients agree, how hard each text is. Probes are registered classes.

>>> from mtlv.training.probes import PROBES
>>> "lookahead" in PROBES
True
"""

from mtlv.training.probe_settings import ProbeSettings
from mtlv.training.probes.base import PROBES, Arrays, Moment, Probe, TimedProbe, make_probe
from mtlv.training.probes.data_map import DataMapProbe
from mtlv.training.probes.fisher import FisherProbe
from mtlv.training.probes.gradients import GradientProbe, LookaheadProbe, PooledProbe
from mtlv.training.probes.linearised import SubsetProbe

__all__ = [
    "PROBES",
    "Arrays",
    "DataMapProbe",
    "FisherProbe",
    "GradientProbe",
    "LookaheadProbe",
    "Moment",
    "PooledProbe",
    "Probe",
    "ProbeSettings",
    "SubsetProbe",
    "TimedProbe",
    "make_probe",
]
