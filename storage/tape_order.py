"""Sorted streams of record batches, woven into one in order of time.

A run is one sorted stream. The batch that ends first among the open ones bounds what can be given out:
no batch still to come holds a row before that moment. A run is opened when that bound reaches its first
row, so that what is in memory is one batch for each run that overlaps others in time, never the day.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass
class Run:
    """A stream of batches with `event_at` in order; `first` is a moment (UTC microseconds) none is before."""

    first: int
    open: Callable[[], Iterator[pa.RecordBatch]]
    place: int = 0
    batch: pa.RecordBatch | None = None
    at: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    _stream: Iterator[pa.RecordBatch] | None = None

    def advance(self, rows: int) -> bool:
        """Go on behind the next `rows`; return whether any are left."""
        if self._stream is None:
            self._stream = self.open()
        if self.batch is not None:
            self.batch, self.at = self.batch.slice(rows), self.at[rows:]
        while not len(self.at):
            self.batch = next(self._stream, None)
            if self.batch is None:
                return False
            self.at = moments(self.batch["event_at"])
        return True


def woven(runs: Sequence[Run], rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of all runs in order of time, in batches of at most `rows` where runs overlap.

    At the same moment the rows of the run named first come first, and each run's in its own order.
    """
    for place, run in enumerate(runs):
        run.place = place
    waiting = sorted(runs, key=lambda run: run.first, reverse=True)
    live: list[Run] = []
    while waiting or live:
        ending = min(live, key=lambda run: run.at[-1], default=None)  # of equals the first
        if waiting and (ending is None or waiting[-1].first <= ending.at[-1]):
            run = waiting.pop()
            if run.advance(0):
                live = sorted([*live, run], key=lambda run: run.place)
            continue
        assert ending is not None
        bound = ending.at[-1]
        pieces = []
        for run in list(live):
            # a later run's rows of this very moment wait: the ending run may have more of them
            ready = int(np.searchsorted(run.at, bound, "right" if run.place <= ending.place else "left"))
            if ready:
                assert run.batch is not None
                pieces.append(run.batch.slice(0, ready))
                if not run.advance(ready):
                    live.remove(run)
        yield from _sorted(pieces, rows)


def _sorted(pieces: Sequence[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    if len(pieces) == 1:
        yield pieces[0]
        return
    whole = pa.concat_batches(pieces)
    order = np.argsort(moments(whole["event_at"]), kind="stable")
    for first in range(0, len(order), rows):
        yield whole.take(pa.array(order[first : first + rows]))


def moments(column: pa.Array) -> Any:
    """A column of times as UTC microseconds."""
    return column.view(pa.int64()).to_numpy()
