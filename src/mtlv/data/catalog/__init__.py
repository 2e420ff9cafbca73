"""The catalog: public datasets known by name, read from the user's own copy of the official files.

A `KnownDataset` says what a dataset is, where to get it, under which licence, and how its files
become a `Corpus`. Nothing is shipped but `demo`, which the project makes itself; the others are
looked for in the folder `MTLV_DATA`, or where the setting `path` points. Every corpus carries notes
that put what was found beside what was published.

>>> from mtlv.data.catalog import DATASETS, read_known
>>> "ohsumed" in DATASETS
True
>>> len(read_known("demo", {"size": 40}))
40
"""

from mtlv.data.catalog import (
    bc5cdr,
    biosses,
    chemprot,
    clefe,
    ddi,
    demo,
    hoc,
    i2b2,
    mednli,
    ncbi_disease,
    ohsumed,
    openi,
    reviews,
    rqe,
    sentiment,
    sick,
    sts,
)
from mtlv.data.catalog.known import DATASETS, KnownDataset, describe, read_known

__all__ = [
    "DATASETS",
    "KnownDataset",
    "bc5cdr",
    "biosses",
    "chemprot",
    "clefe",
    "ddi",
    "demo",
    "describe",
    "hoc",
    "i2b2",
    "mednli",
    "ncbi_disease",
    "ohsumed",
    "openi",
    "read_known",
    "reviews",
    "rqe",
    "sentiment",
    "sick",
    "sts",
]
