"""A notebook's session: what one cell leaves for the next, as a kernel keeps it."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Sequence
from typing import Any

from grader.candidate import compiling, resume, silenced
from grader.candidate.event_loop import NotebookLoop
from grader.candidate.figures import Figures
from grader.candidate.shell import Shell


class Session:
    """Runs cells of one namespace: their magics, values, figures and tasks.

    written: files that `%%writefile` cells write, which lie there from the start
    """

    def __init__(self, module: types.ModuleType, written: Sequence[tuple[str, bytes]] = ()) -> None:
        self.module = module
        self.raised: list[dict[str, Any]] = []
        self.shell = Shell(module)
        silenced.use(self.shell)
        self.shell.written_first.update(written)
        self.loop = NotebookLoop()
        self.figures = Figures()
        self.flags = 0
        self.displayhook = sys.displayhook
        sys.displayhook = self.shell.history.keep
        sys.dont_write_bytecode = True  # a module that is written twice in a second is another one
        silenced.patch("getpass", _ask_nobody)

    def run(self, number: int, code: str) -> None:
        """Run one cell; raises what it raises. What ends no cell is noted in `raised`."""
        compiled = compiling.compiled(code, f"<cell {number}>", self.flags)
        self.flags |= compiled.body.co_flags & compiling.ANNOTATIONS
        names, note = vars(self.module), functools.partial(resume.report, self.raised, number)
        self.figures.in_cell = True
        self.shell.begin_cell(code)
        try:
            with self.loop.around(code):
                resume.run(compiled.body, compiled.source, names, self._value, note)
                if compiled.ending is not None:
                    resume.run(compiled.ending, code, names, self._display, note)
        finally:
            self.raised += [{"cell": number, **fault} for fault in self.shell.take_faults()]
            self.shell.end_cell()
            self.figures.in_cell = False
            self.figures.close()

    def _value(self, code: types.CodeType) -> Any:
        value = eval(code, self.module.__dict__)  # noqa: S307 - this is what the sandbox is for
        return self.loop.run(value) if code.co_flags & inspect.CO_COROUTINE else value

    def _display(self, code: types.CodeType) -> None:
        sys.displayhook(self._value(code))

    def end(self) -> None:
        """After the last cell: an expression that is typed into a shell is printed again."""
        sys.displayhook = self.displayhook


def _ask_nobody(getpass: Any) -> None:
    getpass.getpass = lambda prompt="", stream=None: input(prompt)  # which says that nobody is there
