"""One mechanism for every seam: a name, a function or class, and the third-party plug-ins.

Joining a registry makes a name valid in YAML and on the command line. Other packages join
through the entry-point group `mtlv.plugins`; each entry point is a module whose import registers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from mtlv.errors import ConfigError, nearest

__all__ = ["Registry", "load_plugins"]

T = TypeVar("T")
_plugins_loaded = False


class Registry(Generic[T]):
    """Named things of one family.

    Args:
        family: what the things are, in the singular, as errors say it ("encoder", "metric").

    >>> shapes: Registry[int] = Registry("shape")
    >>> _ = shapes.register("square")(4)
    >>> shapes["square"], "circle" in shapes
    (4, False)
    """

    def __init__(self, family: str) -> None:
        self.family = family
        self._things: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that files a thing under a name; a name can be taken once."""

        def decorate(thing: T) -> T:
            if name in self._things:
                raise ConfigError(f"The {self.family} '{name}' is registered twice.")
            self._things[name] = thing
            return thing

        return decorate

    def __getitem__(self, name: str) -> T:
        if name not in self._things:
            load_plugins()
        if name not in self._things:
            raise ConfigError(
                f"There is no {self.family} named '{name}'.", hint=nearest(name, self._things)
            )
        return self._things[name]

    def __contains__(self, name: object) -> bool:
        if name not in self._things:
            load_plugins()
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        load_plugins()
        return iter(sorted(self._things))

    def __len__(self) -> int:
        load_plugins()
        return len(self._things)


def load_plugins() -> None:
    """Import every module of the entry-point group `mtlv.plugins`, once.

    Raises:
        ConfigError: one of them cannot be imported.
    """
    global _plugins_loaded
    if _plugins_loaded:
        return
    _plugins_loaded = True
    for point in entry_points(group="mtlv.plugins"):
        try:
            point.load()
        except Exception as error:  # whatever foreign code may raise
            raise ConfigError(
                f"The plug-in '{point.name}' cannot be imported.",
                where=point.value,
                found=f"{type(error).__name__}: {error}",
                hint="mend or uninstall its package",
            ) from error
