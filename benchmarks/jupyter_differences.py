"""Run notebooks in Jupyter's kernel and in the sandbox, and print the cells that differ, by cause.

    python -m benchmarks.jupyter_differences [FOLDER] [--python PYTHON] [--sandbox docker] [--recorded] [--record]

Without a folder: the small notebooks of `tests/kernel_features`, one feature each. PYTHON is one with `pip install
ipykernel nbclient matplotlib numpy`; it runs the notebooks as `jupyter nbconvert --execute --allow-errors` does.
`--recorded` compares with what was recorded of it (tests/kernel_features/outcomes.json), `--record` writes that file.
Compared are: which cells raise what, the names that are bound in the end with the values of plain ones, and lines that
are printed and begin with "> ". Differences that are intended stand in docs/notebooks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FEATURES = Path(__file__).resolve().parent.parent / "tests" / "kernel_features"
INTENDED = FEATURES / "intended.json"
RECORDED = FEATURES / "outcomes.json"
MARK = "names of the notebook: "
PROBE = f"""
print("\\n{MARK}" + __import__("json").dumps({{
    name: repr(value) if isinstance(value, (bool, int, float, str, bytes, list, tuple, dict, set, type(None)))
    and len(repr(value)) < 500 and " at 0x" not in repr(value) else type(value).__name__
    for name, value in sorted(globals().items())
    if not name.startswith("_") and name not in ("In", "Out", "exit", "quit", "open", "get_ipython")
}}))
"""
CELL_S = 60

Outcome = dict[str, Any]  # raised: {cell: type}, names: {name: value}, printed: [line]


# ------------------------------------------------------------------------------------------------ notebooks


def features() -> dict[str, list[str]]:
    """The small notebooks: name -> sources of its cells."""
    found: dict[str, list[str]] = {}
    for part in (FEATURES / "notebooks.txt").read_text().split("\n=== ")[1:]:
        name, _, text = part.partition("\n")
        found[name] = [cell.strip("\n") for cell in f"\n{text}\n".split("\n---\n")]
    return found


def in_folder(folder: Path) -> dict[str, list[str]]:
    """The code cells of every notebook below a folder."""
    from grader.submission import notebook

    files = sorted(path for path in folder.rglob("*") if path.suffix in (".ipynb", ".py"))
    books = {str(file.relative_to(folder)): notebook.read(file.read_bytes(), file.name) for file in files}
    return {name: [cell.source for cell in book.cells if not cell.experiment] for name, book in books.items()}


def as_ipynb(cells: list[str]) -> dict[str, Any]:
    """A notebook of these code cells and one that tells its names."""
    made = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": text,
        }
        for number, text in enumerate([*cells, PROBE], 1)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def outcome(raised: dict[str, str], printed: str) -> Outcome:
    before, told_them, told = printed.rpartition(MARK)
    names = json.loads(told.partition("\n")[0]) if told_them else {}  # a notebook may end its kernel, or hide `print`
    before = before if told_them else printed
    return {
        "raised": raised,
        "names": names,
        "printed": [line.rstrip() for line in before.split("\n") if line.startswith("> ")],
    }


# ------------------------------------------------------------------------------------------------ in Jupyter's kernel


def in_jupyter(notebooks: dict[str, list[str]], python: str) -> dict[str, Outcome]:
    """What the kernel of another Python makes of the notebooks."""
    with tempfile.TemporaryDirectory() as scratch:
        asked, told = Path(scratch) / "asked.json", Path(scratch) / "told.json"
        asked.write_text(json.dumps({name: as_ipynb(cells) for name, cells in notebooks.items()}))
        folder = f"{os.path.dirname(os.path.abspath(python))}{os.pathsep}{os.environ['PATH']}"
        environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"} | {"PATH": folder}
        subprocess.run([python, __file__, "--kernel", str(asked), str(told)], check=True, env=environment)
        return {name: outcome(*each) for name, each in json.loads(told.read_text()).items()}


def _kernel(asked: Path, told: Path) -> None:
    """In the other Python: execute every notebook in a folder of its own."""
    import nbformat  # type: ignore[import-not-found,unused-ignore]
    from nbclient import NotebookClient  # type: ignore[import-not-found,unused-ignore]

    found = {}
    for number, (name, page) in enumerate(json.loads(asked.read_text()).items(), 1):
        book = nbformat.from_dict(page)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "notebook.ipynb").write_text(json.dumps(page))
            client = NotebookClient(
                book, timeout=CELL_S, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": folder}}
            )
            client.execute()
        outputs = [
            (str(place), output) for place, cell in enumerate(book.cells, 1) for output in cell.get("outputs", [])
        ]
        raised = {place: output["ename"] for place, output in outputs if output["output_type"] == "error"}
        printed = "".join(output["text"] for _, output in outputs if output.get("name") == "stdout")
        found[name] = (raised, printed)
        print(f"\r{number}", end="", file=sys.stderr, flush=True)
    told.write_text(json.dumps(found))


# ------------------------------------------------------------------------------------------------ in the sandbox


def in_sandbox(notebooks: dict[str, list[str]], open_sandbox: Callable[[Any], Any]) -> Iterator[tuple[str, Outcome]]:
    """What the candidate makes of the notebooks, one after the other."""
    from decimal import Decimal

    from grader import wire
    from grader.examination.channel import Channel
    from grader.examination.transcript import Transcript
    from grader.schema import Assignment, Limits, Question
    from grader.submission import notebook

    limits = Limits(load_s=2 * CELL_S, output_kib=64)
    described = Assignment("features", "Features", (Question("q1", "One", Decimal(1)),), limits, ("matplotlib.pyplot",))
    sandbox = open_sandbox(described)
    try:
        for name, cells in notebooks.items():
            book = notebook.read(json.dumps(as_ipynb(cells)).encode(), "notebook.ipynb")
            channel = Channel(described, book, (), lambda: sandbox, Transcript())
            said = channel.load()
            channel.close()
            if said.failure:
                yield name, {"raised": {"0": said.failure}, "names": {}, "printed": []}
                continue
            reply = wire.decode(said.reply)
            raised = {str(error["cell"]): error["type"] for error in reply["value"]["raised"]}
            yield name, outcome(raised, reply["output"])
    finally:
        sandbox.close()


def process_sandbox(described: Any) -> Any:
    from grader.sandbox.process import ProcessSandbox

    return ProcessSandbox(described)


def docker_sandbox(image: str) -> Callable[[Any], Any]:
    from grader.sandbox.docker import DockerSandbox, Grant

    return lambda described: DockerSandbox(described, Grant(image), "userns")


# ------------------------------------------------------------------------------------------------ both


def differences(there: Outcome, here: Outcome) -> list[tuple[str, str]]:
    """What differs between an outcome in Jupyter and one in the sandbox: (of what kind it is, in words)."""
    found = []
    for cell in sorted({*there["raised"], *here["raised"]}, key=int):
        one, other = there["raised"].get(cell), here["raised"].get(cell)
        if one != other:
            kind = f"raises {one or 'nothing'} in Jupyter, {other or 'nothing'} here"
            found.append((kind, f"cell {cell} {kind}"))
    for name in sorted({*there["names"], *here["names"]}):
        one, other = there["names"].get(name), here["names"].get(name)
        if one != other:
            kind = "a name is bound in Jupyter alone" if other is None else "a name is bound here alone"
            kind = kind if None in (one, other) else "a name has another value"
            found.append((kind, f"{name} is {one or 'not bound'} in Jupyter, {other or 'not bound'} here"))
    if there["printed"] != here["printed"]:
        found.append(("prints otherwise", f"prints {there['printed']} in Jupyter, {here['printed']} here"))
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", nargs="?", type=Path)
    options.add_argument("--python", default=sys.executable, help="one that has ipykernel and nbclient")
    options.add_argument("--sandbox", choices=["docker", "process"], default="process")
    options.add_argument("--image", default="grader:latest")
    options.add_argument("--recorded", action="store_true", help="compare with what was recorded of Jupyter")
    options.add_argument("--record", action="store_true", help="write down what Jupyter makes of the small notebooks")
    options.add_argument("--kernel", nargs=2, type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.kernel:
        _kernel(*chosen.kernel)
        return 0
    if chosen.folder and (chosen.recorded or chosen.record):
        options.error("only the small notebooks have a record")
    notebooks = in_folder(chosen.folder) if chosen.folder else features()
    there = json.loads(RECORDED.read_text()) if chosen.recorded else in_jupyter(notebooks, chosen.python)
    if chosen.record:
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(there[name], sort_keys=True)}" for name in notebooks)
        RECORDED.write_text(f"{{\n{lines}\n}}\n")
    made = process_sandbox if chosen.sandbox == "process" else docker_sandbox(chosen.image)
    return _told(there, in_sandbox(notebooks, made), {} if chosen.folder else json.loads(INTENDED.read_text()))


def _told(there: dict[str, Outcome], here: Iterator[tuple[str, Outcome]], intended: dict[str, str]) -> int:
    """Print what differs; return 1 if some of it is not intended."""
    counts: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    for name, found in here:
        what = differences(there[name], found)
        kind = "as in Jupyter" if not what else "differs as intended" if name in intended else "differs"
        counts[kind] += 1
        causes.update(f"{cause} ({intended.get(name, 'not intended')})" for cause, _ in what)
        for _, line in what:
            print(f"{name}: {line}")
    print("\nby cause:" if causes else "")
    for cause, number in causes.most_common():
        print(f"  {number:4} {cause}")
    print(f"\n{sum(counts.values())} notebooks: " + ", ".join(f"{number} {kind}" for kind, number in counts.items()))
    return 1 if counts["differs"] else 0


if __name__ == "__main__":
    sys.exit(main())
