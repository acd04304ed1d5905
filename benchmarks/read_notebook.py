"""Time the reading of notebooks with large outputs against plain json.loads, in the same run.

python benchmarks/read_notebook.py [MEGABYTES]
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable

from grader.submission.notebook import read

ROUNDS = 3
CELL = (
    "def softmax(Z):\n    E = np.exp(Z - Z.max(axis=-1, keepdims=True))\n    return E / E.sum(axis=-1, keepdims=True)\n"
)


def notebook(outputs: list[dict[str, object]], indent: int | None) -> bytes:
    """Return a notebook of 40 cells, as Jupyter lays it out (indent 1) or on one line, with the outputs in cell 7."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": number,
            "id": f"cell{number}",
            "metadata": {},
            "outputs": outputs if number == 7 else [],
            "source": CELL.splitlines(keepends=True),
        }
        for number in range(1, 41)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=indent).encode()


def picture(size: int) -> list[dict[str, object]]:
    return [{"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo" * (size // 11)}}]


def progress(size: int, count: int = 100_000) -> list[dict[str, object]]:
    line = 'step 1/9 \u2588\u2588\u2588 loss "0.1234"\r'
    text = line * (size // count // len(json.dumps(line)))
    return [{"name": "stdout", "output_type": "stream", "text": [f"epoch {n}\n", text]} for n in range(count)]


def seconds(action: Callable[[], object]) -> float:
    """Return the best of ROUNDS."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


def compare(what: str, content: bytes) -> None:
    ours, plain = seconds(lambda: read(content, "a.ipynb")), seconds(lambda: json.loads(content))
    print(f"{what:40} {len(content) / 1e6:6.0f} {ours:8.3f} {plain:8.3f} {ours / plain:10.2f}")


def main() -> None:
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 137) * 1e6)
    print(f"{'outputs':40} {'MB':>6} {'read s':>8} {'json s':>8} {'read/json':>10}")
    for outputs, of in (("one picture", picture), ("100,000 lines of progress", progress)):
        for layout, indent in (("", 1), (", on one line", None)):
            compare(outputs + layout, notebook(of(size), indent))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, json.loads included")


if __name__ == "__main__":
    main()
