"""Read notebooks with large outputs beside json.loads and msgspec, in the same run: processor time and memory.

python -m benchmarks.read_notebook [MEGABYTES]

Each reading is a process of its own. Memory is what it takes at its peak beside the file's bytes, as a multiple of
them. msgspec, which skips what a type does not name, is measured where it is installed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CELL = (
    "def softmax(Z):\n    E = np.exp(Z - Z.max(axis=-1, keepdims=True))\n    return E / E.sum(axis=-1, keepdims=True)\n"
)
READING = """\
import re, sys, time
from benchmarks.read_notebook import READERS
reader = READERS[sys.argv[1]]()
content = open(sys.argv[2], "rb").read()
peak_kib = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
before_kib, start = peak_kib(), time.process_time()
reader(content)
print(time.process_time() - start, (peak_kib() - before_kib) * 1024 / len(content))
"""


def notebook(outputs: list[Any], indent: int | None) -> bytes:
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


def picture(size: int) -> list[Any]:
    return [{"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo" * (size // 11)}}]


def progress(size: int) -> list[Any]:
    text = 'step 1/9 \u2588\u2588\u2588 loss "0.1234"\r' * 30
    return [{"name": "stdout", "output_type": "stream", "text": [f"epoch {n}\n", text]} for n in range(size // 1500)]


def table(size: int) -> list[Any]:
    return [
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"text/html": '<td class="a">0.5</td>\n' * (size // 28)},
        }
    ]


def numbers(size: int) -> list[Any]:
    return [{"output_type": "display_data", "data": {"application/vnd.plotly.v1+json": [[0.125, 17]] * (size // 13)}}]


def objects(size: int) -> list[Any]:
    return [{"output_type": "display_data", "data": {"application/json": [{"a": [1], "b": {"c": "x"}}] * (size // 32)}}]


def lines(size: int) -> list[Any]:
    return [{"name": "stdout", "output_type": "stream", "text": ["ab\n"] * (size // 9)}]


def ours() -> Callable[[bytes], object]:
    from grader.submission.notebook import read

    return lambda content: read(content, "a.ipynb")


def of_json() -> Callable[[bytes], object]:
    return json.loads


def of_msgspec() -> Callable[[bytes], object]:
    import msgspec

    cell = msgspec.defstruct("Cell", [("cell_type", str), ("source", str | list[str])])
    book = msgspec.defstruct("Book", [("cells", list[cell])])  # type: ignore[valid-type]
    decode: Callable[[bytes], object] = msgspec.json.Decoder(book).decode
    return decode


READERS = {"read": ours, "json": of_json} | ({"msgspec": of_msgspec} if find_spec("msgspec") else {})
OUTPUTS = {
    "one picture": picture,
    "lines of progress": progress,
    "a table in HTML": table,
    "lists of two numbers": numbers,
    "small objects": objects,
    "lines of three letters": lines,
}


def measured(reader: str, file: Path) -> tuple[float, float]:
    """Processor seconds, and memory as a multiple of the file."""
    command = [sys.executable, "-c", READING, reader, str(file)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    return float(said[0]), float(said[1])


def rows(size: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="grader-benchmark-") as folder:
        file = Path(folder) / "a.ipynb"
        for what, of in OUTPUTS.items():
            for layout, indent in (("", 1), (", on one line", None)):
                part = len(notebook(of(size // 32), indent))
                file.write_bytes(notebook(of(size // 32 * size // part), indent))
                figures = [measured(reader, file) for reader in READERS]
                told = "".join(f"{used_s:11.2f} {memory:5.2f}" for used_s, memory in figures)
                yield f"{what + layout:40} {file.stat().st_size / 1e6:5.0f} {told} {figures[0][0] / figures[1][0]:9.2f}"


def main() -> None:
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 137) * 1e6)
    columns = "".join(f"{reader:>9} s {'x MB':>5}" for reader in READERS)
    print(f"{'outputs':40} {'MB':>5} {columns} {'read/json':>9}")
    for row in rows(size):
        print(row, flush=True)


if __name__ == "__main__":
    main()
