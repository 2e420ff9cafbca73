"""What the catalog is made of: datasets known by name, their files, and a memo of their parsing.

Parsing tens of thousands of files takes seconds and always gives the same corpus, so `read_known`
remembers which Arrow file it led to. The memo is keyed by name, size and time of every source file,
by the settings, and by the reading code itself, so it can never answer for something else.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from mtlv.data import builder
from mtlv.data.corpus import Corpus, Target, open_table
from mtlv.data.sources import find_file
from mtlv.errors import DataError
from mtlv.files import cache_folder, write_text
from mtlv.fingerprint import file_fingerprint, fingerprint
from mtlv.registry import Registry
from mtlv.settings import Settings, explained

__all__ = [
    "DATASETS",
    "KnownDataset",
    "describe",
    "find_source",
    "found_beside_published",
    "load_yaml",
    "read_known",
]


@dataclass(frozen=True)
class KnownDataset:
    """A public dataset that can be named in place of its files.

    Args:
        name: its name in the registry.
        about: what it is, in one line.
        address: where people get it, in words; it is never downloaded silently.
        licence: its terms, in words.
        settings: the model of its settings; a field `path` says where the files are.
        read: a function (settings, file or folder) → corpus; a dataset without files gets None.
        published: counts that its authors or papers state for the default settings.
        places: where it may lie under the data folder, in this order; none: it needs no files.
    """

    name: str
    about: str
    address: str
    licence: str
    settings: type[Settings]
    read: Callable[[Any, Any], Corpus]
    published: Mapping[str, int]
    places: tuple[str, ...] = ()


DATASETS: Registry[KnownDataset] = Registry("dataset")


def read_known(
    name: str,
    settings: Mapping[str, Any] | None = None,
    data_root: Path | None = None,
    base: Path | None = None,
) -> Corpus:
    """Read a dataset of the catalog.

    Args:
        name: of the dataset.
        settings: its settings, as in a config; defaults where absent. One that is read from files
            takes `path` too, where they are.
        data_root: the folder that holds the datasets; `MTLV_DATA` where absent.
        base: folder that a relative `path` starts from; the current folder is tried after it.

    Raises:
        ConfigError: there is no such dataset or setting.
        DataError: its files are missing or are not what they should be.
    """
    dataset = DATASETS[name]
    given = dict(settings or {})
    by_itself = dataset.places and "path" not in dataset.settings.model_fields
    path = given.pop("path", None) if by_itself else None
    checked = _checked(dataset, given)
    if data_root is None and os.environ.get("MTLV_DATA"):
        data_root = Path(os.environ["MTLV_DATA"])
    path = path or getattr(checked, "path", None)
    path = find_file(str(path), base or Path()) if path is not None else None
    source = find_source(dataset, path, data_root)
    if source is None:
        return dataset.read(checked, None)
    code = Path(inspect.getfile(dataset.read))
    if not code.is_file():  # typed into a notebook or a shell: it may change unseen
        return dataset.read(checked, source)
    memo = cache_folder() / "catalog" / f"{_key(dataset, checked, source, code)}.json"
    return _recalled(memo) or _remembered(memo, dataset.read(checked, source))


def find_source(dataset: KnownDataset, path: Path | None, root: Path | None) -> Path | None:
    """Return the file or folder that a dataset is read from; None for one that needs no files.

    A `path` may be that file or folder itself, the folder around it, or a whole data folder.

    Raises:
        DataError: nothing is there; says what was looked for, and how to get it.
    """
    if not dataset.places:
        return None
    if path is not None:
        inside = [path / place for place in dataset.places]
        inside += [path / Path(place).name for place in dataset.places]
        candidates = [*inside, path]
    else:
        candidates = [root / place for place in dataset.places] if root is not None else []
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise DataError(
        f"The files of the dataset '{dataset.name}' are not there.",
        where=str(path or root or "MTLV_DATA is not set, and the setting `path` is empty"),
        expected=f"one of {', '.join(dataset.places)}",
        hint=f"get it from {dataset.address}, then set MTLV_DATA to the folder that holds "
        f"'{Path(dataset.places[0]).parts[0]}/', or set `path`",
    )


def found_beside_published(found: Mapping[str, int], published: Mapping[str, int]) -> list[str]:
    """Return one note per count.

    >>> found_beside_published({"reports": 3066, "words": 9}, {"reports": 3159})
    ['reports: 3,066 (published 3,159)', 'words: 9']
    """
    beside = {name: f" (published {count:,})" for name, count in published.items()}
    return [f"{name}: {count:,}{beside.get(name, '')}" for name, count in found.items()]


def load_yaml(name: str) -> Any:
    """Return the contents of `NAME.yaml` in the catalog's folder."""
    return yaml.safe_load(Path(__file__).with_name(f"{name}.yaml").read_text(encoding="utf-8"))


def describe(name: str, labels: Iterable[str]) -> tuple[Target, ...]:
    """Return binary targets for some labels, with the descriptions of `NAME.yaml`."""
    descriptions = load_yaml(name)
    return tuple(Target(label, description=descriptions.get(label)) for label in labels)


def _checked(dataset: KnownDataset, settings: Mapping[str, Any]) -> Settings:
    try:
        return dataset.settings.model_validate(dict(settings))
    except ValidationError as error:
        raise explained(error, dataset.settings, f"dataset '{dataset.name}'") from error


def _key(dataset: KnownDataset, settings: Settings, source: Path, reader: Path) -> str:
    files = sorted(p for p in source.rglob("*") if p.is_file()) if source.is_dir() else [source]
    stats = [(str(p.absolute()), p.stat().st_size, p.stat().st_mtime_ns) for p in files]
    code = {reader, Path(builder.__file__)}
    code |= {path for place in (0, 1) for path in Path(__file__).parents[place].glob("*.*")}
    chosen = settings.model_dump(mode="json", exclude={"path"})
    return fingerprint([dataset.name, chosen, stats, file_fingerprint(*sorted(code))])


def _remembered(memo: Path, corpus: Corpus) -> Corpus:
    fields = {"name": corpus.name, "targets": [asdict(target) for target in corpus.targets]}
    write_text(memo, json.dumps(fields | {"id": corpus.fingerprint, "notes": corpus.notes}))
    return corpus


def _recalled(memo: Path) -> Corpus | None:
    """Open what an earlier reading led to; None when there is none or the cache was swept."""
    try:
        fields = json.loads(memo.read_text(encoding="utf-8"))
        table = open_table(cache_folder() / "corpora" / fields["id"])
        targets = tuple(_target(own) for own in fields["targets"])
        return Corpus(fields["name"], targets, table, fields["id"], tuple(fields["notes"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _target(fields: Mapping[str, Any]) -> Target:
    """Return the target that JSON wrote; it knows lists only."""
    lists = {name: tuple(v) for name, v in fields.items() if isinstance(v, list)}
    return Target(**{**fields, **lists})
