"""Settings of mixing; importable without torch."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from mtlv.errors import ConfigError, nearest
from mtlv.settings import Settings

__all__ = ["MixingSettings"]

_OPTIONS = {
    "temperature": ("temperature", "capped"),
    "cap": ("capped",),
    "main": ("main",),
    "ratio": ("main",),
}


class MixingSettings(Settings):
    """Which corpus the next batch comes from, where a model learns from several.

    In a config, `mixing: uniform` is short for `{name: uniform}`.
    """

    name: Literal[
        "proportional", "uniform", "temperature", "capped", "annealed", "round_robin", "main"
    ] = "proportional"
    """Every batch of every corpus once (algorithm 1 of MT-BERT), or another share of each."""
    temperature: float = Field(2.0, gt=0)
    """`temperature`, `capped`: shares go with size^(1/temperature); 1 is proportional."""
    cap: int | None = Field(None, ge=1)
    """`capped`: texts beyond so many do not count (Raffel et al. 2020)."""
    main: str | None = None
    """`main`: name of the corpus that an epoch passes over once."""
    ratio: float = Field(1.0, ge=0)
    """`main`: batches of all other corpora together for each of its own."""
    batch_size: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """Texts per batch by corpus, where they differ from `train.batch_size`."""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _own_options(self) -> MixingSettings:
        if self.name == "main" and self.main is None:
            raise ValueError("`main` needs the name of the main corpus: {name: main, main: CORPUS}")
        if self.name == "capped" and self.cap is None:
            raise ValueError("`capped` needs `cap`, a number of texts")
        for option, owners in _OPTIONS.items():
            default = type(self).model_fields[option].default
            if self.name not in owners and getattr(self, option) != default:
                raise ValueError(f"`{option}` belongs to {', '.join(owners)}, not to {self.name}")
        return self

    def check(self, corpora: Collection[str]) -> None:
        """Make sure that a study has the corpora that are named.

        A model need not learn from all of them: what is said of the others is then not used.

        Raises:
            ConfigError: it does not have one.
        """
        for name in [*self.batch_size, *([self.main] if self.main else [])]:
            if name not in corpora:
                raise ConfigError(
                    f"There is no corpus '{name}' to be mixed.",
                    where="train.mixing",
                    hint=nearest(name, corpora),
                )
