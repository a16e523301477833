"""The tables of one of the SEC's quarterly insider sets: a zip of tab-separated files, read line by line.

Nothing is unpacked to disk, and no more than a bound is ever decompressed, whatever the zip claims of itself.
"""

import io
import zlib
from collections.abc import Iterator, Sequence
from zipfile import BadZipFile, ZipFile

from feeds import Bad, FeedError

#: bytes all tables of a set may have together; real quarters have up to 200 MB
LARGEST = 512 * 2**20
#: code points of one line; the longest footnote has a few thousand
LONGEST = 2**17
_BROKEN = (BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
Cells = tuple[str, ...]


class Tables:
    """The files of one set. `bad` collects the lines that are none."""

    def __init__(self, name: str, body: bytes) -> None:
        """Raises FeedError where `body` is no zip."""
        self._name = name
        self.bad: list[Bad] = []
        try:
            self._zip = ZipFile(io.BytesIO(body))
        except _BROKEN:
            raise FeedError(f"{name} is not a readable zip file.", permanent=True) from None
        self._members = {each.rpartition("/")[2].upper(): each for each in self._zip.namelist()}

    def check_size(self) -> None:
        """Decompress everything once and keep nothing. Raises FeedError for a broken or too large set."""
        size = 0
        try:
            for member in self._members.values():
                with self._zip.open(member) as file:
                    while piece := file.read(2**20):
                        size += len(piece)
                        if size > LARGEST:
                            raise FeedError(
                                f"{self._name} holds more than {LARGEST >> 20} MB.", permanent=True
                            )
        except _BROKEN:
            raise FeedError(f"{self._name} is damaged.", permanent=True) from None

    def rows(self, table: str, needed: Sequence[str], others: Sequence[str] = ()) -> Iterator[Cells]:
        """Yield of each line of `table` the cells of `needed`, then of `others` ("" where it lacks one).

        Raises FeedError where the table or a needed column is missing.
        """
        member = self._members.get(f"{table}.TSV")
        if member is None:
            raise FeedError(f"{self._name} lacks {table}.tsv: it is no insider data set.", permanent=True)
        with self._zip.open(member) as file:
            text = io.TextIOWrapper(file, "utf-8-sig", "replace", newline="\n")
            header = text.readline(LONGEST).rstrip("\r\n").upper().split("\t")
            lacking = [column for column in needed if column not in header]
            if lacking:
                raise FeedError(f"{table} of {self._name} lacks {', '.join(lacking)}.", permanent=True)
            # beyond the last column stands an empty cell for what the file does not have
            places = [header.index(each) if each in header else len(header) for each in (*needed, *others)]
            while line := text.readline(LONGEST):
                cells = line.rstrip("\r\n").split("\t")
                if len(cells) == len(header):
                    cells.append("")
                    yield tuple(cells[place].strip() for place in places)
                elif line.strip():
                    self.bad.append(Bad(f"a line of {table} has another number of cells", line[:2000]))

    def notes_columns(self, table: str) -> list[str]:
        """The columns of `table` that name footnotes."""
        member = self._members.get(f"{table}.TSV")
        if member is None:
            return []
        with self._zip.open(member) as file:
            header = file.readline(LONGEST).decode("utf-8-sig", "replace")
        return [column for column in header.strip().upper().split("\t") if column.endswith("_FN")]
