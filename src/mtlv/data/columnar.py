"""Readers of Parquet files and of Hugging Face datasets, batch by batch from Arrow."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from mtlv.data.tables import PART_NAMES, Row, Table, TableOptions
from mtlv.errors import DataError, nearest

__all__ = ["open_huggingface", "open_parquet"]

ROWS_PER_BATCH = 1000


def open_parquet(path: Path, options: TableOptions) -> Table:
    """Open a Parquet file.

    Raises:
        DataError: it is damaged or no Parquet file.
    """
    import pyarrow.parquet as pq

    def rows(columns: Sequence[str]) -> Iterator[Row]:
        try:
            with pq.ParquetFile(path) as file:
                batches = file.iter_batches(ROWS_PER_BATCH, columns=list(columns))
                for number, values in enumerate(_rows_of(batches), 1):
                    yield Row(number, f"{path}, row {number}", values)
        except (pa.ArrowException, OSError) as error:
            raise _not_parquet(path, error) from error

    try:
        with pq.ParquetFile(path) as file:
            columns = tuple(file.schema_arrow.names)
    except (pa.ArrowException, OSError) as error:
        raise _not_parquet(path, error) from error
    return Table(str(path), columns, rows)


def open_huggingface(location: str, options: TableOptions) -> Table:
    """Open a dataset of the library `datasets`: a folder, or a name on the hub.

    Several splits become one table whose rows carry their part.

    Raises:
        DataError: it cannot be loaded, or a split is unknown.
    """
    splits = _load(location, options)
    first = next(iter(splits.values()))
    parts = {name: PART_NAMES.get(name.lower()) for name in splits if len(splits) > 1}
    for name, part in parts.items():
        if part is None:
            raise DataError(
                f"The split '{name}' is no part that is known.",
                where=location,
                found=f"splits {', '.join(splits)}",
                expected="train, validation, test",
                hint="choose one of the splits with `split`",
            )
    classes = _class_names(first.features)

    def rows(columns: Sequence[str]) -> Iterator[Row]:
        number = 0
        for name, dataset in splits.items():
            where = f"{location}, split '{name}'" if name else location
            arrow = dataset.select_columns(list(columns)).with_format("arrow")
            for place, values in enumerate(_rows_of(arrow.iter(ROWS_PER_BATCH)), 1):
                number += 1
                known = _without_unlabelled(values, classes)
                yield Row(number, f"{where}, row {place}", known, parts.get(name))

    return Table(location, tuple(first.column_names), rows, classes)


def _rows_of(batches: Iterable[pa.RecordBatch | pa.Table]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        yield from batch.to_pylist()


def _load(location: str, options: TableOptions) -> dict[str, Any]:
    """Return the datasets of some splits, by name ('' where the dataset has no splits)."""
    import datasets

    folder = Path(location)
    saved = any((folder / name).is_file() for name in ("dataset_dict.json", "state.json"))
    try:
        loaded = (
            datasets.load_from_disk(location)
            if saved
            else datasets.load_dataset(location, options.subset)
        )
    # The library raises some dozens of kinds, its own and those of four HTTP and file libraries;
    # to whoever runs this, they all mean the same.
    except Exception as error:
        raise _not_loaded(location, error) from error
    splits = dict(loaded) if isinstance(loaded, datasets.DatasetDict) else {"": loaded}
    if options.split is None:
        return splits
    if options.split not in splits:
        raise DataError(
            f"The dataset has no split '{options.split}'.",
            where=location,
            found=", ".join(name for name in splits if name) or "a dataset without splits",
            hint=nearest(options.split, splits) if "" not in splits else "leave `split` out",
        )
    return {options.split: splits[options.split]}


def _class_names(features: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found = {}
    for column, feature in features.items():
        names = getattr(getattr(feature, "feature", feature), "names", None)
        if names is not None:
            found[column] = tuple(names)
    return found


def _without_unlabelled(values: dict[str, Any], classes: Mapping[str, Any]) -> dict[str, Any]:
    """Make missing what the hub's datasets mark as missing: class -1, as in hidden test labels."""
    return {k: None if k in classes and v == -1 else v for k, v in values.items()}


def _not_parquet(path: Path, error: Exception) -> DataError:
    return DataError(
        "The file is not a Parquet file, or it is damaged.",
        where=str(path),
        found=str(error).splitlines()[0],
        hint="set `format` if it is something else, or write the file again",
    )


def _not_loaded(location: str, error: Exception) -> DataError:
    if Path(location).exists():
        hint = "give a folder written by `save_to_disk`, or one with CSV, JSON or Parquet files"
    else:
        hint = (
            "no file or folder here has that name; to use a dataset of the hub, save it with "
            "`datasets.load_dataset(…).save_to_disk(folder)` on a machine with a network, and give "
            "that folder as `path`"
        )
        if os.environ.get("HF_HUB_OFFLINE") or os.environ.get("HF_DATASETS_OFFLINE"):
            hint += "; or unset HF_HUB_OFFLINE to let it be downloaded here"
    return DataError(
        "The Hugging Face dataset cannot be loaded.",
        where=location,
        found=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
        expected="a folder, or the name of a dataset on the hub that can be reached",
        hint=hint,
    )
