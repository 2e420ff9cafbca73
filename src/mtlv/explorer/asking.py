"""What a page is asked for: names in its path, and the state in its query. Addresses of pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from mtlv.errors import ExplorerError

__all__ = ["Asked", "address", "study_address"]


@dataclass(frozen=True)
class Asked:
    """A request for a page.

    Args:
        path: of the page, without `.json`.
        names: that stand in the path: `study`, `plan`, `task`, `figure`.
        query: the state of the page: keys and values, in order; a key may stand several times.
    """

    path: str
    names: Mapping[str, str] = field(default_factory=dict)
    query: Sequence[tuple[str, str]] = ()

    @property
    def study(self) -> str:
        """The study that the page is about."""
        return self.names["study"]

    def many(self, key: str) -> list[str]:
        """Return all values of a key that say something, in order."""
        return [value for own, value in self.query if own == key and value]

    def one(self, key: str, default: str = "") -> str:
        """Return the last value of a key."""
        return (self.many(key) or [default])[-1]

    def number(self, key: str, default: int) -> int:
        """Return the value of a key as a whole number.

        Raises:
            ExplorerError: it is none.
        """
        text = self.one(key, str(default))
        try:
            return int(text)
        except ValueError as error:
            raise ExplorerError(
                "The address holds something that is no number.",
                where=f"'{key}' in the address",
                found=repr(text[:60]),
                expected="a whole number",
            ) from error

    def choice(self, key: str, known: Sequence[str], default: str | None = None) -> str:
        """Return the value of a key, one of those that are known.

        Args:
            key: in the query.
            known: what it may be; at least one.
            default: where nothing is said; the first of the known if None.

        Raises:
            ExplorerError: it is none of them.
        """
        value = self.one(key, known[0] if default is None else default)
        if value not in known:
            raise ExplorerError(
                f"There is no {key} '{value[:60]}' here.",
                where=f"'{key}' in the address",
                expected=", ".join(known[:30]),
            )
        return value

    def changed(self, **changes: object) -> str:
        """Return the address of this page with some keys changed; None takes a key out."""
        kept = [(key, value) for key, value in self.query if key not in changes and value]
        return address(self.path, [*kept, *_listed(changes)])


def address(path: str, query: Iterable[tuple[str, str]] = ()) -> str:
    """Return an address on this server: a decoded path, quoted, and a query."""
    pairs = list(query)
    return quote(path, safe="/@:,") + (f"?{urlencode(pairs)}" if pairs else "")


def study_address(study: str, *parts: str, **query: object) -> str:
    """Return the address of a page of a study.

    >>> study_address("openi", "tasks", "a/b", plan="mtl")
    '/studies/openi/tasks/a/b?plan=mtl'
    """
    return address("/".join(["/studies", study, *parts]), _listed(query))


def _listed(values: Mapping[str, object]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in values.items():
        several = value if isinstance(value, list | tuple) else [value]
        pairs += [(key, str(own)) for own in several if own is not None]
    return pairs
