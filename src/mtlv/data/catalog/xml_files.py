"""XML of datasets, parsed without document types: entities could read files or fill the memory."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import NoReturn

from mtlv.errors import DataError

__all__ = ["parse_xml"]


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise ValueError(f"a document type '{name}', which these files do not have")


def parse_xml(data: bytes, where: str, what: str = "The XML does not parse.") -> ET.Element:
    """Return the root of an XML file.

    Args:
        data: its contents.
        where: its name.
        what: the sentence that says what is wrong if it does not parse.

    Raises:
        DataError: it does not parse; names the file, and the line where it breaks.
    """
    try:
        return ET.fromstring(data, ET.XMLParser(target=_NoDoctype()))
    except ET.ParseError as error:
        where = f"{where}, line {error.position[0]}"
        raise _unreadable(what, where, error) from error
    except (ValueError, LookupError) as error:
        raise _unreadable(what, where, error) from error


def _unreadable(what: str, where: str, error: Exception) -> DataError:
    return DataError(
        what,
        where=where,
        found=str(error),
        expected="a whole XML file",
        hint="get the file again: it may be cut short",
    )
