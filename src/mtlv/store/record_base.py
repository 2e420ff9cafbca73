"""What every record is, and the version that they all carry."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["RECORD_VERSION", "Record"]

RECORD_VERSION = 4
"""Of all records; it grows when an earlier version of the package could not read what is written:
also with every new key."""


class Record(BaseModel):
    """Typed JSON: it does not change, and a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
