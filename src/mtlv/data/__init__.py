"""Data: corpora, the readers that make them, and the splits that keep them honest.

A `Corpus` holds examples and the targets of one or more tasks on them. Readers turn files into
corpora by configuration alone; `catalog` knows public datasets by name. A `Split` says which example
is trained on, chosen on (validation), and tested on, and exact duplicates never stand on two sides.

>>> from mtlv.data import CorpusBuilder, Example, Target
>>> builder = CorpusBuilder("toy", [Target("good")])
>>> _ = builder.extend([Example("1", "fine", targets={"good": 1}), Example("2", "bad", targets={"good": 0})])
>>> len(builder.build())
2
"""

from mtlv.data.corpus import Corpus, CorpusBuilder, Example, Kind, Part, Target

__all__ = ["Corpus", "CorpusBuilder", "Example", "Kind", "Part", "Target"]
