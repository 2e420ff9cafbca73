"""Figures: pure functions from a frame of plain columns to a Plotly figure.

A figure is registered by name; its docstring says which columns its frame has. Each carries its
data signature as a caption, a title with a unit on every axis, and its numbers in hover boxes; it
holds in greyscale. `mtlv.report.frames` makes the frames of a study.

>>> import pandas as pd
>>> from mtlv.report.figures import FIGURES, to_html
>>> frame = pd.DataFrame({"task": ["edema", "nodule"], "positives": [40, 9], "n": [100, 100]})
>>> figure = FIGURES["label-frequency"](frame, "study demo|n:100")
>>> to_html(figure, "frequency").startswith("<div")
True
"""

from mtlv.report.figures.affinity import affinity, predicted_gain
from mtlv.report.figures.alluvial import alluvial
from mtlv.report.figures.conflict import conflict
from mtlv.report.figures.cost import cost
from mtlv.report.figures.curves import head_curves, model_curves, task_curves
from mtlv.report.figures.decisions import decisions
from mtlv.report.figures.discordant import discordant
from mtlv.report.figures.explain import attributions, data_map, word_ranks
from mtlv.report.figures.feature_map import feature_map
from mtlv.report.figures.forest import forest
from mtlv.report.figures.group_numbers import group_numbers
from mtlv.report.figures.jobs import job_times
from mtlv.report.figures.labels import label_correlation, label_frequency
from mtlv.report.figures.maps import cross_task, encoder_similarity
from mtlv.report.figures.output import (
    plotly_script,
    to_html,
    write_figure,
    write_image,
    write_images,
)
from mtlv.report.figures.registry import FIGURES
from mtlv.report.figures.theme import Theme, themed
from mtlv.report.figures.transfer import transfer
from mtlv.report.figures.transfer_matrix import transfer_matrix

__all__ = [
    "FIGURES",
    "Theme",
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
    "head_curves",
    "job_times",
    "label_correlation",
    "label_frequency",
    "model_curves",
    "plotly_script",
    "predicted_gain",
    "task_curves",
    "themed",
    "to_html",
    "transfer",
    "transfer_matrix",
    "write_figure",
    "write_image",
    "write_images",
    "word_ranks",
]
