"""What one word of a text is, wherever words are counted, ranked or shown.

A word is a run of letters and digits, with apostrophes of either form inside it: "isn't" is one
word, as "isn" and "t" would say something else. A hyphen parts words, as it does in the tokenizers
of most transformers: "x-ray" is "x" and "ray". The encoder `bow` counts these words, in small
letters and with straight apostrophes; `mtlv explain` shows them as they are written, and every
other sign as a word of its own.
"""

from __future__ import annotations

__all__ = ["WORD"]

WORD = "\\w+(?:['\u2019]\\w+)*"
"""A regular expression; the curved apostrophe stands in it as itself."""
