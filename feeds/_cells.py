"""Cells of one JSON object, read as those of a table, so that reasons read the same."""

from collections.abc import Callable, Mapping
from typing import Any


class Cells:
    """One JSON object: cells by name; what is wrong with one is a ValueError that names it."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.row = row

    def text(self, *names: str) -> str | None:
        """The first of `names` that is there, as text."""
        for name in names:
            value = self.row.get(name)
            if isinstance(value, bool | list | dict):
                raise ValueError(f"{name} is not a value")
            if value is not None and str(value).strip():
                return str(value).strip()
        return None

    def maybe(self, reader: Callable[[str], Any], *names: str) -> Any:
        """The first of `names` read by `reader`, None where none is there."""
        text = self.text(*names)
        try:
            return None if text is None else reader(text)
        except ValueError as error:
            raise ValueError(f"{names[0]} {error}") from None

    def need(self, reader: Callable[[str], Any], *names: str) -> Any:
        """As `maybe`, but it must be there."""
        value = self.maybe(reader, *names)
        if value is None:
            raise ValueError(f"{names[0]} is missing")
        return value
