"""Heads: the layers, loss and decoding of one head of a plan.

A head kind joins `HEADS` and has three verbs: `forward` (features to outputs), `loss` (outputs and
targets to one number) and `decode` (outputs to the scores that are stored). A missing target is NaN
and takes no part in the loss.

>>> from mtlv.model.heads import HEADS
>>> sorted(HEADS)
['binary', 'multiclass', 'regression', 'tagging']
"""

from mtlv.model.heads.base import HEADS, Features, Head, make_head
from mtlv.model.heads.binary import BinaryHead
from mtlv.model.heads.multiclass import MulticlassHead
from mtlv.model.heads.regression import RegressionHead
from mtlv.model.heads.tagging import TaggingHead

__all__ = [
    "HEADS",
    "BinaryHead",
    "Features",
    "Head",
    "MulticlassHead",
    "RegressionHead",
    "TaggingHead",
    "make_head",
]
