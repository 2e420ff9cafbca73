"""Files of a folder, a tar archive or a zip archive, as (name, contents)."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePath

from mtlv.data.catalog.archives import files_of
from mtlv.errors import DataError

__all__ = ["members_of"]


def members_of(source: Path, suffix: str = "") -> Iterator[tuple[PurePath, bytes]]:
    """Give name, relative to the source, and contents of every file; hidden ones are passed over.

    Args:
        source: a folder or an archive.
        suffix: only files whose name ends so.

    Raises:
        DataError: a file cannot be read, or is cut short.
    """
    if source.is_file() and zipfile.is_zipfile(source):
        yield from _in_zip(source, suffix)
        return
    for name, data in files_of(source, suffix):
        inner = name.relative_to(source) if name.is_relative_to(source) else name
        yield inner, data


def _in_zip(source: Path, suffix: str) -> Iterator[tuple[PurePath, bytes]]:
    try:
        with zipfile.ZipFile(source) as archive:
            for member in sorted(archive.namelist()):
                name = PurePath(member)
                if member.endswith(suffix) and not member.endswith("/") and name.name[0] != ".":
                    yield name, archive.read(member)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError) as error:
        raise DataError(
            "The archive cannot be read.",
            where=str(source),
            found=str(error) or type(error).__name__,
            expected="a complete zip archive without a password",
            hint="download it again: it may be cut short",
        ) from error
