"""Which file of a dataset is which official part: told by a config, or by the files' names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import NamedTuple

from mtlv.data.corpus import Part
from mtlv.data.file_source import PathOrParts
from mtlv.data.sources import find_file
from mtlv.data.tables import PART_NAMES
from mtlv.errors import DataError

__all__ = ["PartFile", "PathOrParts", "part_files", "part_in", "part_of_folders"]

WORDS = re.compile(r"[^a-z]+")
FOLDER_SIGNS: dict[Part, re.Pattern[str]] = {
    "train": re.compile("train"),
    "validation": re.compile("devel|valid|^dev"),
    "test": re.compile("test"),
}


class PartFile(NamedTuple):
    """A file, and the part that it holds; None where the dataset has no parts."""

    part: Part | None
    path: Path


def part_files(given: str | Mapping[Part, str] | Path, base: Path = Path()) -> list[PartFile]:
    """Return the files of a dataset: train, validation, test.

    Args:
        given: one file (without parts), a folder of files named train, dev, devel, development,
            validation or test, or a file for each part.
        base: folder that relative paths start from; the current folder is tried after it.

    Raises:
        DataError: a file is missing, or the folder's names leave it open.
    """
    if isinstance(given, Mapping):
        found = [PartFile(part, find_file(path, base)) for part, path in given.items()]
        for part, path in found:
            if not path.is_file():
                raise _missing(path, f"the file of the part '{part}'")
        return sorted(found, key=_order)
    path = find_file(str(given), base)
    if path.is_file():
        return [PartFile(None, path)]
    if not path.is_dir():
        raise _missing(path, "a file, or a folder with a file for each part")
    return _in_folder(path)


def part_in(name: str) -> Part | None:
    """Return the part that a name tells, if it tells one.

    >>> part_in("NCBI-disease-train"), part_in("Development"), part_in("train_dev"), part_in("x")
    ('train', 'validation', None, None)
    """
    lower = name.lower()
    parts = {PART_NAMES[word] for word in WORDS.split(lower) if word in PART_NAMES}
    return PART_NAMES.get(lower) or (parts.pop() if len(parts) == 1 else None)


def part_of_folders(path: PurePath) -> Part | None:
    """Return the part that the folders of a path tell, the innermost first.

    >>> part_of_folders(PurePath("Task1TrainSetCorpus199/00098.txt"))
    'train'
    """
    for folder in reversed(path.parent.parts):
        for part, sign in FOLDER_SIGNS.items():
            if sign.search(folder.lower()):
                return part
    return None


def _in_folder(folder: Path) -> list[PartFile]:
    files = [p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith(".")]
    plain = [PartFile(PART_NAMES[p.stem.lower()], p) for p in files if p.stem.lower() in PART_NAMES]
    told = [PartFile(part, p) for p in files if (part := part_in(p.stem)) is not None]
    found: dict[Part | None, Path] = {}
    for part, path in plain or told:
        if part in found:
            raise DataError(
                f"Two files may be the part '{part}'.",
                where=str(folder),
                found=f"{found[part].name}, {path.name}",
                hint="name the file of each part: `path: {train: …, validation: …, test: …}`",
            )
        found[part] = path
    if not found:
        raise DataError(
            "No file of the folder is named after a part.",
            where=str(folder),
            found=", ".join(p.name for p in files[:5]) or "no files",
            expected="train, dev (or devel, development, validation) and test",
            hint="name the file of each part: `path: {train: …, validation: …, test: …}`",
        )
    return sorted((PartFile(part, path) for part, path in found.items()), key=_order)


def _order(file: PartFile) -> int:
    return ("train", "validation", "test", None).index(file.part)


def _missing(path: Path, expected: str) -> DataError:
    return DataError("There is no such file.", where=str(path), expected=expected)
