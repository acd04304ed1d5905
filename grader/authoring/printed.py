"""What the statements of checks in OK format print when the reference runs: what students' values are compared with.

The master is the author's own code and is run as such, from top to bottom, in a process of its own, beside the released
files; twice, so that a value that is another one every time is found.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from grader.errors import AuthoringError, MachineryError
from grader.paths import PACKAGE

PATIENCE_S = 300


def printed(cells: list[tuple[str, list[str]]], places: list[str], folder: Path) -> list[list[str]]:
    """For each cell what each of its statements printed, in order; nothing for a cell without statements.

    cells: (code, the statements of a check; empty for a cell that is run as a whole)
    places: what an error names, by cell;  folder: where it is run
    Raises AuthoringError where the reference raises, or prints something else the second time.
    """
    first, second = (_run(cells, places, folder) for _ in range(2))
    for place, one, other in zip(places, first, second, strict=True):
        if one != other:
            changed = next(pair for pair in zip(one, other, strict=True) if pair[0] != pair[1])
            raise AuthoringError(
                f"{place}: this check prints {_short(changed[0])} at one time, {_short(changed[1])} at another; "
                "seed it, or print what can be compared"
            )
    return first


def _run(cells: list[tuple[str, list[str]]], places: list[str], folder: Path) -> list[list[str]]:
    with tempfile.TemporaryDirectory(prefix="grader-build-") as scratch:
        asked, told = Path(scratch) / "asked.json", Path(scratch) / "told.json"
        asked.write_text(json.dumps(cells), encoding="utf-8")
        command = [sys.executable, "-W", "ignore", "-m", "grader.authoring.printed", str(asked), str(told)]
        ours = os.pathsep.join(filter(None, [str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]))
        env = os.environ | {"MPLBACKEND": "agg", "PYTHONPATH": ours}
        try:
            subprocess.run(command, cwd=folder, env=env, capture_output=True, timeout=PATIENCE_S, check=False)
        except subprocess.TimeoutExpired:
            raise AuthoringError(f"{places[0]}: the reference has not ended within {PATIENCE_S} s") from None
        if not told.is_file():
            raise MachineryError(f"the reference that begins in {places[0]} ended the process that ran it")
        answer = json.loads(told.read_text(encoding="utf-8"))
    if "error" in answer:
        raise AuthoringError(f"{places[answer['cell']]}: the reference raises {answer['error']}")
    return answer["printed"]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 40 else line[:37] + "...")


# ------------------------------------------------------------------------------------------------ in the other process


def _main(asked: Path, told: Path) -> None:
    sys.path.insert(0, os.getcwd())
    names: dict[str, Any] = {"__name__": "__main__"}
    found: list[list[str]] = []
    for number, (code, statements) in enumerate(json.loads(asked.read_text(encoding="utf-8"))):
        try:
            if not statements:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(code, "cell", "exec", dont_inherit=True), names)
            found.append([_shown(statement, names) for statement in statements])
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the author's code may raise anything
            says = " ".join(f"{type(error).__name__}: {error}".split())
            told.write_text(json.dumps({"error": says, "cell": number}), encoding="utf-8")
            return
    told.write_text(json.dumps({"printed": found}), encoding="utf-8")


def _shown(statement: str, names: dict[str, Any]) -> str:
    """What one statement prints, as a session would show it: the value of an expression, too."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(statement + "\n", "check", "single", dont_inherit=True), names)
    return shown.getvalue()


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
