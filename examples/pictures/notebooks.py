"""What the experiments of the four notebooks draw, with the reference's answers filled in, or with none.

    python -m examples.pictures.notebooks a1_mlp FOLDER [--unfilled]

writes every figure into the folder, and what each experiment printed to the screen. The cells are run as a student runs
them, from top to bottom, in this process; public checks are left out.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from examples.sample_class.notebooks import Cell, Material
from grader.course.master import beside
from grader.paths import PACKAGE, Paths

CHECKOUT = Paths(PACKAGE.parent)
DOTS_PER_INCH = 100
EXPERIMENT = "# experiment"


def experiments(assignment: str) -> list[str]:
    """The code of the cells that draw; without the one that fetches files."""
    return [cell.source for cell in Material(CHECKOUT, assignment).unsolved if "plt." in cell.source]


def figures(assignment: str, folder: Path, filled: bool = True) -> list[Path]:
    """Run every cell and write what is drawn into the folder, in order; returns the files."""
    import matplotlib

    matplotlib.use("agg")
    material = Material(CHECKOUT, assignment)
    cells = material.solved if filled else material.unsolved
    names: dict[str, object] = {"__name__": "__main__"}
    written: list[Path] = []
    folder.mkdir(parents=True, exist_ok=True)
    with _in(CHECKOUT.assignment(assignment)), beside(CHECKOUT, assignment):
        for number, cell in enumerate(cells, 1):
            if cell.kind == "code" and not _is_of_otter(cell):
                written += _drawn(cell, names, folder / f"cell{number:02}")
    return written


def _drawn(cell: Cell, names: dict[str, object], beginning: Path) -> list[Path]:
    """Run a cell, say what it printed if it is an experiment, and write what it drew."""
    import matplotlib.pyplot as plt

    written: list[Path] = []
    plt.show = lambda *args, **kwargs: written.extend(_saved(beginning, len(written)))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        _run(cell, names, beginning.name)
    left = list(_saved(beginning, len(written)))  # of a cell that did not show them
    if cell.source.startswith(EXPERIMENT):
        print(f"== {beginning.name}: {cell.source.splitlines()[0]}{' (left open)' if left else ''}")
        print(printed.getvalue().rstrip())
    return [*written, *left]


def _is_of_otter(cell: Cell) -> bool:
    return "grader.check(" in cell.source or "otter" in cell.source


@contextlib.contextmanager
def _in(folder: Path) -> Iterator[None]:
    """Work in a folder, as a notebook does."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _run(cell: Cell, names: dict[str, object], name: str) -> None:
    try:
        exec(compile(cell.source, name, "exec", dont_inherit=True), names)
    except Exception:  # noqa: BLE001 - a notebook may raise anything
        traceback.print_exc(file=sys.stdout)


def _saved(beginning: Path, begin: int) -> Iterator[Path]:
    """Write and close what is open."""
    import matplotlib.pyplot as plt

    for place, figure in enumerate(map(plt.figure, plt.get_fignums()), begin + 1):
        file = beginning.with_name(f"{beginning.name}_{place}.png")
        figure.savefig(file, dpi=DOTS_PER_INCH, bbox_inches="tight")
        yield file
    plt.close("all")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("assignment")
    options.add_argument("folder", type=Path)
    options.add_argument("--unfilled", action="store_true")
    chosen = options.parse_args()
    for file in figures(chosen.assignment, chosen.folder.resolve(), not chosen.unfilled):
        print(file.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
