"""Data: corpora, the readers that make them, and the splits that keep them honest.

A `Corpus` holds examples and the targets of one or more tasks on them. Readers turn files into
corpora by configuration alone; `catalog` knows public datasets by name. A `Split` says which
example is trained on, chosen on (validation), and tested on; exact duplicates stand on one side.

>>> from mtlv.data import CorpusBuilder, Example, Target
>>> builder = CorpusBuilder("toy", [Target("good")])
>>> builder.add(Example("1", "a fine day", targets={"good": 1}))
>>> builder.add(Example("2", "rain again", targets={"good": 0}))
>>> len(builder.build())
2
"""

from mtlv.data.builder import CorpusBuilder
from mtlv.data.corpus import Corpus, Example, Kind, Part, Target

__all__ = ["Corpus", "CorpusBuilder", "Example", "Kind", "Part", "Target"]
