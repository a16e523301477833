"""What a kind of row of Unusual Whales is known by, and who reads it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from feeds import Kind
from feeds._cells import Cells
from feeds._whales_about import About, Row

NAME = "unusual_whales"


@dataclass(frozen=True)
class Shape:
    """What a kind of row looks like: keys it has, keys that belong to a look-alike."""

    kind: Kind
    read: Callable[[Cells, About], Row]
    has: frozenset[str]
    lacks: frozenset[str] = frozenset()
    #: what the answer's name or endpoint must hold, where keys alone do not tell
    named: str = ""
    #: what a row that is a bare value (key "") looks like
    bare: re.Pattern[str] | None = None

    def fits(self, row: Row, about: About) -> bool:
        """Whether `row` is of this kind."""
        if self.bare is not None and not self.bare.fullmatch(str(row.get(""))):
            return False
        return self.has <= row.keys() and not self.lacks & row.keys() and self.named in about.kind
