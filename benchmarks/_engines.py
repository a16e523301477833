"""Engines measured in turn, each in a process of its own and on one thread: seconds and peak memory."""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa


def timed(work: Callable[[], Any]) -> None:
    """Do `work` in this process; print its seconds, the peak memory (max RSS) and what it found."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    started = time.perf_counter()
    found = work()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "found": found}))


def compare(
    script: str, folder: Path, engines: Sequence[str], repeats: int
) -> dict[str, tuple[float, float]]:
    """Run the engines of `script` in turn, `repeats` times round; print and return the medians of seconds
    and of megabytes. `decode` is the floor the others are held against, and finds nothing. Raises
    SystemExit if the others disagree.
    """
    one_thread = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    runs: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    answers = set()
    for name in [*engines] * repeats:
        call = [sys.executable, script, "--engine", name, "--folder", str(folder)]
        done = subprocess.run(call, env=os.environ | one_thread, check=True, capture_output=True, text=True)
        run = json.loads(done.stdout)
        runs[name].append((run["seconds"], run["peak_mb"]))
        answers |= {json.dumps(run["found"])} if run["found"] else set()
    if len(answers) != 1:
        raise SystemExit(f"the engines disagree: {answers}")
    print(f"all engines agree: {answers.pop()}")
    medians = {
        name: tuple(statistics.median(column) for column in zip(*runs[name], strict=True)) for name in engines
    }
    print(f"{'engine':<12} {'seconds':>8} {'x decode':>9} {'peak MB':>8}")
    for name, (seconds, peak) in medians.items():
        print(f"{name:<12} {seconds:>8.2f} {seconds / medians['decode'][0]:>9.2f} {peak:>8.0f}")
    return medians


def in_a_process(script: str, *words: object) -> None:
    """Run `script` in a process of its own: a child would inherit the peak memory of its parent."""
    subprocess.run([sys.executable, script, *map(str, words)], check=True)
