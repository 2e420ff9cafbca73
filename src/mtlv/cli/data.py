"""Commands about data: `mtlv data list`, `check`, `prepare`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mtlv.cli.options import SET
from mtlv.cli.show import note, print_json, print_table
from mtlv.data import Corpus
from mtlv.data.audit import Audit, audit
from mtlv.report.tables import Table

if TYPE_CHECKING:
    from mtlv.model.encoders import EncoderSource
    from mtlv.model.settings import EncoderSettings

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
    from mtlv.model.tokens import text_lengths

    asked = _asked(name, set_ or [], encoder, max_length)
    source = _source(asked)
    audits = {
        each.name: audit(each, text_lengths(each, source), asked.max_length)
        for each in asked.corpora.values()
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

    asked = _asked(name, set_ or [], encoder, max_length)
    chosen = asked.encoder.name
    if chosen in ("scratch", "bow"):
        note(f"`{chosen}` makes its vocabulary anew in every fold: there is nothing to prepare")
        return
    source = _source(asked)
    for corpus in asked.corpora.values():
        table = tokenise(corpus, source, asked.max_length)
        tokens = f"{int(table.offsets[-1]):,} tokens of {chosen}, at most {asked.max_length} a text"
        note(f"{corpus.name}: {len(corpus):,} texts, {tokens}")


@dataclass(frozen=True)
class _Asked:
    """What a command is to look at.

    Args:
        corpora: by name.
        encoder: whose tokenizer counts.
        max_length: of inputs, in tokens.
        base: folder that the encoder's is relative to.
    """

    corpora: Mapping[str, Corpus]
    encoder: EncoderSettings
    max_length: int
    base: Path = Path()


def _asked(name: str, overrides: list[str], encoder: str | None, max_length: int | None) -> _Asked:
    """Return the corpora of a dataset or config, with the encoder and length that are named.

    Else they are those of the config, with the special tokens that its corpora note.
    """
    from mtlv.data.catalog import read_known
    from mtlv.data.relations import noted_tokens
    from mtlv.errors import ConfigError
    from mtlv.model.settings import EncoderSettings
    from mtlv.studies.config import load_config
    from mtlv.studies.inputs import read_corpora

    if Path(name).suffix not in (".yaml", ".yml"):
        if overrides:
            raise ConfigError(
                "Only a config has settings to change.", where="--set", hint="name a YAML file"
            )
        own = EncoderSettings(name=encoder or "minilm")
        return _Asked({name: read_known(name)}, own, max_length or 128)
    config, base = load_config(name, overrides), Path(name).parent
    corpora = read_corpora(config.data, base)
    own = config.encoder.naming(t for each in corpora.values() for t in noted_tokens(each.notes))
    if encoder is not None:
        own = own.model_copy(update={"name": encoder})
    return _Asked(corpora, own, max_length or config.train.max_length, base)


def _source(asked: _Asked) -> EncoderSource:
    """Return where the encoder comes from; nothing is learned, so all texts may make its words."""
    from mtlv.model.bow_words import bow_source
    from mtlv.model.encoders import locate
    from mtlv.model.scratch import scratch_source
    from mtlv.studies.texts import all_texts

    corpora = asked.corpora.values()
    match asked.encoder.name:
        case "scratch":
            texts = [text for each in corpora for text in all_texts(each)]
            return scratch_source(asked.encoder, texts)
        case "bow":
            return bow_source(asked.encoder, {each.name: all_texts(each) for each in corpora})
        case _:
            return locate(asked.encoder, asked.base)


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
