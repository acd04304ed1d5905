"""Measure `close` against `numpy.testing.assert_allclose` in the same run, and what a diagnosis costs.

    python benchmarks/compare_overhead.py

Prints one line a case: microseconds of both (best of several rounds) and their ratio. Compare only ratios between
machines.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from functools import partial

import numpy as np

from grader.checking.compare import Mismatch, close

ROUNDS = 5


def best_us(call: Callable[[], object]) -> float:
    """Return the microseconds of one call in the best round."""
    timer = timeit.Timer(call)
    number = max(1, int(timer.autorange()[0] / 4))
    return min(timer.repeat(ROUNDS, number)) / number * 1e6


def rejected(actual: np.ndarray, expected: np.ndarray) -> None:
    """Run a comparison that must fail."""
    try:
        close(actual, expected)
    except Mismatch:
        return
    raise SystemExit("compare_overhead: a wrong answer passed")


def main() -> None:
    rng = np.random.default_rng(0)
    print(f"{'entries':>9}  {'close':>11}  {'allclose':>11}  {'ratio':>6}  {'diagnosis':>11}  (microseconds)")
    for size in (1, 100, 10_000, 1_000_000):
        expected = rng.normal(size=size)
        same, other = expected.copy(), rng.normal(size=size)
        ours = best_us(partial(close, same, expected))
        theirs = best_us(partial(np.testing.assert_allclose, same, expected))
        failed = best_us(partial(rejected, other, expected))
        print(f"{size:>9}  {ours:>11.1f}  {theirs:>11.1f}  {ours / theirs:>6.2f}  {failed:>11.1f}")


if __name__ == "__main__":
    main()
