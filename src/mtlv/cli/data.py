"""Commands about data: `mtlv data list`, `check`, `prepare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from mtlv.cli.options import SET
from mtlv.cli.show import note, print_json, print_table
from mtlv.data import Corpus
from mtlv.data.audit import Audit, audit
from mtlv.report.tables import Table

if TYPE_CHECKING:
    from mtlv.model.encoders import EncoderSource

__all__ = ["app"]

app = typer.Typer(help="Datasets: what there is, and what is in them.", no_args_is_help=True)
NAME = typer.Argument(help="A known dataset, or a config file.", metavar="NAME", show_default=False)
ENCODER = typer.Option(
    None,
    help="Encoder whose tokenizer counts tokens; the config's, or else minilm.",
    show_default=False,
)
LENGTH = typer.Option(
    None, min=4, help="Longest input in tokens; the config's, or else 128.", show_default=False
)
JSON = typer.Option(False, "--json", help="Print one JSON document.")


@app.command(name="list")
def list_datasets(json: bool = JSON) -> None:
    """List the datasets that are known by name."""
    from mtlv.data.catalog import DATASETS

    known = [DATASETS[name] for name in DATASETS]
    if json:
        keys = ("name", "about", "address", "licence")
        print_json([{key: getattr(dataset, key) for key in keys} for dataset in known])
        return
    rows = tuple((d.name, d.about, d.licence) for d in known)
    print_table(Table("Known datasets", ("name", "about", "licence"), rows, words=(0, 1, 2)))


@app.command()
def check(
    name: str = NAME,
    encoder: str | None = ENCODER,
    max_length: int | None = LENGTH,
    set_: list[str] = SET,
    json: bool = JSON,
) -> None:
    """Count: examples, labels, lengths, what is cut, correlations, duplicates."""
    corpora, own_encoder, own_length = _corpora(name, set_ or [])
    length = max_length or own_length
    audits = {
        each.name: audit(each, _lengths(each, encoder or own_encoder), length)
        for each in corpora.values()
    }
    if json:
        print_json({own: found.to_json() for own, found in audits.items()})
        return
    for found in audits.values():
        _show(found)


@app.command()
def prepare(
    name: str = NAME,
    encoder: str | None = ENCODER,
    max_length: int | None = LENGTH,
    set_: list[str] = SET,
) -> None:
    """Read a dataset and tokenise it, so that studies start at once."""
    from mtlv.model.tokens import tokenise

    corpora, own_encoder, own_length = _corpora(name, set_ or [])
    chosen, length = encoder or own_encoder, max_length or own_length
    if chosen in ("scratch", "bow"):
        note(f"`{chosen}` makes its vocabulary anew in every fold: there is nothing to prepare")
        return
    for corpus in corpora.values():
        table = tokenise(corpus, _source(corpus, chosen), length)
        tokens = f"{int(table.offsets[-1]):,} tokens of {chosen}, at most {length} a text"
        note(f"{corpus.name}: {len(corpus):,} texts, {tokens}")


def _corpora(name: str, overrides: list[str]) -> tuple[dict[str, Corpus], str, int]:
    """Return the corpora of a dataset or config, with its encoder and longest input."""
    from mtlv.data.catalog import read_known
    from mtlv.errors import ConfigError
    from mtlv.studies.config import load_config
    from mtlv.studies.inputs import read_corpora

    if Path(name).suffix in (".yaml", ".yml"):
        config = load_config(name, overrides)
        corpora = read_corpora(config.data, Path(name).parent)
        return corpora, config.encoder.name, config.train.max_length
    if overrides:
        raise ConfigError(
            "Only a config has settings to change.", where="--set", hint="name a YAML file"
        )
    return {name: read_known(name)}, "minilm", 128


def _lengths(corpus: Corpus, encoder: str) -> np.ndarray[Any, Any]:
    from mtlv.model.tokens import text_lengths

    return text_lengths(corpus, _source(corpus, encoder))


def _source(corpus: Corpus, encoder: str) -> EncoderSource:
    from mtlv.model.bow_words import bow_source
    from mtlv.model.encoders import locate
    from mtlv.model.scratch import scratch_source
    from mtlv.model.settings import EncoderSettings

    settings = EncoderSettings(name=encoder)
    if encoder == "scratch":  # nothing is learned here, so all texts may make its vocabulary
        return scratch_source(settings, corpus.texts())
    if encoder == "bow":
        return bow_source(settings, {corpus.name: corpus.texts()})
    return locate(settings)


def _show(found: Audit) -> None:
    for line in found.notes:
        note(line)
    rows = [("examples", f"{found.examples:,}"), ("distinct texts", f"{found.distinct_texts:,}")]
    rows += [(f"official {part} part", f"{count:,}") for part, count in found.parts.items()]
    if found.cardinality is not None:
        rows.append(("positive labels per example", f"{found.cardinality:.2f}"))
    if found.lengths is not None:
        own = found.lengths
        rows.append(("tokens: mean, median, 95 %, max", f"{own.mean:.0f}, {own.median:.0f}, "
                     f"{own.p95:.0f}, {own.max:,}"))  # fmt: skip
        rows.append((f"texts cut at {own.limit} tokens", f"{100 * own.texts_cut:.1f} %"))
        rows.append(("tokens lost by that", f"{100 * own.tokens_lost:.1f} %"))
    print_table(Table(found.corpus, ("", ""), tuple(rows)))
    print_table(_label_table(found))


def _label_table(found: Audit) -> Table:
    rows = []
    for target in found.targets:
        for label in target.labels:
            name = label.name if target.kind == "binary" else f"{target.name}: {label.name}"
            strongest = _strongest(found, target.name)
            rows.append((name, f"{label.positives:,}", f"{100 * label.share:.1f} %", strongest))
    header = ("label", "positives", "share", "strongest correlation (phi)")
    return Table("Labels", header, tuple(rows), words=(0, 3))


def _strongest(found: Audit, target: str) -> str:
    if target not in found.binary or len(found.binary) < 2:
        return ""
    row = found.correlations[found.binary.index(target)]
    others = [(v, n) for v, n in zip(row, found.binary, strict=True) if n != target]
    known = [(value, name) for value, name in others if value is not None]
    if not known:
        return ""
    value, name = max(known, key=lambda pair: abs(pair[0]))
    return f"{value:+.2f} {name}"
