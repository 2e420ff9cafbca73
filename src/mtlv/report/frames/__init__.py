"""Frames of figures: what a study's stored outcomes say, as the tables that figures draw.

Every figure of `mtlv.report.figures` has a maker of its frame here under the same name. A study
that has nothing for a figure is told with the next step. Nothing here needs torch.

    wanted = Wanted(store, load_outcome(store, "openi"))
    data = FRAMES["forest"](wanted)
    figure = FIGURES["forest"](data.frame, data.signature)
"""

from mtlv.report.frames.affinities import affinity, predicted_gain, transfer, transfer_matrix
from mtlv.report.frames.conflict import conflict
from mtlv.report.frames.curves import head_curves, model_curves, task_curves
from mtlv.report.frames.decisions import decisions
from mtlv.report.frames.discordant import discordant, judged_examples
from mtlv.report.frames.explain import (
    attributions,
    cross_task,
    data_map,
    encoder_similarity,
    word_ranks,
)
from mtlv.report.frames.groups import alluvial, feature_map, group_numbers, groupings
from mtlv.report.frames.jobs import job_times
from mtlv.report.frames.labels import label_correlation, label_frequency
from mtlv.report.frames.plans import cost, forest, student_interval
from mtlv.report.frames.wanted import FRAMES, Data, Wanted

__all__ = [
    "FRAMES",
    "Data",
    "Wanted",
    "affinity",
    "alluvial",
    "attributions",
    "conflict",
    "cost",
    "cross_task",
    "data_map",
    "decisions",
    "discordant",
    "encoder_similarity",
    "feature_map",
    "forest",
    "group_numbers",
    "groupings",
    "head_curves",
    "job_times",
    "judged_examples",
    "label_correlation",
    "label_frequency",
    "model_curves",
    "predicted_gain",
    "student_interval",
    "task_curves",
    "transfer",
    "transfer_matrix",
    "word_ranks",
]
