"""What `get_ipython()` answers in a cell: magics, shell lines, expanded names. Needs no IPython.

It is inert where nothing can be done (`silenced.Shell`), so that a notebook may ask it for anything.
"""

from __future__ import annotations

import contextlib
import os
import sys
import types
from collections.abc import Callable
from typing import Any

from grader.candidate import commands, expansion, faults, history, magics, reloading, silenced


class Shell(silenced.Shell):
    """The one shell of a notebook. `user_ns` is its namespace; `faults` is what went wrong without ending a cell."""

    def __init__(self, module: types.ModuleType) -> None:
        super().__init__()
        self.user_module = module
        self.history = history.History(module.__dict__)
        self.reloading = reloading.Reloading()
        self.written_first: dict[str, bytes] = {}  # files of `%%writefile` cells, which lie there from the start
        self.top = os.getcwd()  # the notebook's folder
        self.visited: list[str] = []
        self.pushed: list[str] = []
        self.faults: list[dict[str, Any]] = []
        self.own: dict[str, dict[str, Callable[..., Any]]] = {"line": {}, "cell": {}}
        self.open = contextlib.ExitStack()

    @property
    def user_ns(self) -> dict[str, Any]:
        return vars(self.user_module)

    user_global_ns = user_ns

    @property
    def execution_count(self) -> int:
        return self.history.count

    # ------------------------------------------------------------------------------------------ around a cell

    def begin_cell(self, code: str) -> None:
        self.reloading.reload_changed()
        self.history.begin(code)

    def end_cell(self) -> None:
        """Undo what a cell magic put around the cell."""
        stack, self.open = self.open, contextlib.ExitStack()
        stack.close()

    def begin_cell_magic(self, name: str, line: str) -> None:
        """Put around the rest of this cell what `%%name line` puts around its body."""
        if name == "capture":
            magics.begin_capture(self, line)

    # ------------------------------------------------------------------------------------------ magics

    def run_line_magic(self, name: str, line: str = "", *_: Any, **__: Any) -> Any:
        own, ours = self.own["line"].get(name), magics.LINE.get(name)
        if own is not None:
            return own(self.var_expand(line, 1))
        if ours is None:
            return None
        text = line if name in magics.NOT_EXPANDED else self.var_expand(line, 1)
        return ours(self, text, _names_of(sys._getframe(1)) if name in magics.NOT_EXPANDED else self.user_ns)

    def magic(self, text: str) -> Any:
        name, _, line = text.lstrip("%").partition(" ")
        return self.run_line_magic(name, line)

    def run_cell_magic(self, name: str, line: str, cell: str) -> Any:
        own, ours = self.own["cell"].get(name), magics.CELL.get(name)
        if own is not None:
            return own(self.var_expand(line, 1), cell)
        return ours(self, self.var_expand(line, 1), cell) if ours else None

    def register_magic_function(self, function: Any, magic_kind: str = "line", magic_name: str | None = None) -> None:
        for kind in ("line", "cell") if magic_kind == "line_cell" else (magic_kind,):
            self.own[kind][magic_name or function.__name__] = function

    def register_magics(self, *classes: Any) -> None:
        """Take the magics of a class as IPython's decorators mark them, where there is an IPython."""
        for each in classes:
            with contextlib.suppress(Exception):
                instance = each() if isinstance(each, type) else each
                instance.shell = self
                for kind, functions in instance.magics.items():
                    self.own[kind].update(
                        {name: getattr(instance, to) if isinstance(to, str) else to for name, to in functions.items()}
                    )

    # ------------------------------------------------------------------------------------------ shell lines

    def system(self, command: str) -> None:
        text, code = commands.run(self, self.var_expand(command, 1))
        self.user_ns["_exit_code"] = code
        print(text, end="" if text.endswith("\n") or not text else "\n")

    def getoutput(self, command: str, *_: Any, **__: Any) -> commands.SList:
        text, code = commands.run(self, self.var_expand(command, 1))
        self.user_ns["_exit_code"] = code
        return commands.SList(text.splitlines())

    def var_expand(self, text: str, depth: int = 0, *_: Any) -> str:
        """Fill in `{expression}` and `$name` with what the line's place in the notebook sees."""
        if "{" not in text and "$" not in text:
            return text
        return expansion.expanded(text, _names_of(sys._getframe(depth + 1)))

    # ------------------------------------------------------------------------------------------ the namespace

    def push(self, variables: Any, *_: Any, **__: Any) -> None:
        self.user_ns.update(variables if isinstance(variables, dict) else {})

    def ev(self, expression: str) -> Any:
        return eval(expression, self.user_ns)  # noqa: S307 - the notebook's own text

    def ex(self, code: str) -> None:
        exec(code, self.user_ns)  # noqa: S102 - the notebook's own text

    def run_cell(self, code: str, *_: Any, **__: Any) -> None:
        self.ex(code)

    def report(self, error: BaseException) -> None:
        """Tell of an error that ends no cell."""
        self.faults.append(faults.describe(error))

    def take_faults(self) -> list[dict[str, Any]]:
        """What was reported since the last time."""
        found, self.faults = self.faults, []
        return found


def _names_of(frame: types.FrameType) -> dict[str, Any]:
    return frame.f_globals | frame.f_locals if frame.f_locals is not frame.f_globals else frame.f_globals
