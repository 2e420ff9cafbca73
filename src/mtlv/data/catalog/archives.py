"""Files of a folder or of a tar archive, as (name, contents): one way to read both."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePath

from mtlv.errors import DataError

__all__ = ["files_of"]


def files_of(source: Path, suffix: str = "") -> Iterator[tuple[PurePath, bytes]]:
    """Give the name and the contents of every file; hidden ones are passed over.

    An archive is streamed once and never unpacked, so no member can be written anywhere.

    Args:
        source: a folder, or a tar archive, compressed or not.
        suffix: only files whose name ends so.

    Raises:
        DataError: a file cannot be read, is no tar archive, or is cut short.
    """
    try:
        yield from _in_folder(source, suffix) if source.is_dir() else _in_tar(source, suffix)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise DataError(
            "The archive cannot be read." if source.is_file() else "The folder cannot be read.",
            where=str(source),
            found=str(error) or type(error).__name__,
            expected="a folder, or a complete tar archive (.tar, .tgz, .tar.gz)",
            hint="download it again: it may be cut short, or be a web page under its name",
        ) from error


def _in_folder(source: Path, suffix: str) -> Iterator[tuple[PurePath, bytes]]:
    for path in sorted(source.rglob(f"*{suffix}")):
        if path.is_file() and not path.name.startswith("."):
            yield path, path.read_bytes()


def _in_tar(source: Path, suffix: str) -> Iterator[tuple[PurePath, bytes]]:
    with tarfile.open(source, "r|*") as tar:
        for member in tar:
            name = PurePath(member.name)
            file = tar.extractfile(member) if member.isfile() else None
            if file is not None and name.name.endswith(suffix) and name.name[0] != ".":
                yield source / name, file.read()
