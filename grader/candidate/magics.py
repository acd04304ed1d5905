"""The magics that have an effect: functions of the shell, the rest of the line, and names or a cell magic's body.

`grader/submission/magic_lines.py` says which lines are sent here. None raises for what cannot be had in a sandbox.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import subprocess
import sys
import timeit
import types
from collections.abc import Callable, Iterator
from typing import Any

from grader.candidate import commands, listings, resume

MOST_RUNS = 20  # of what %timeit measures


def _environment(shell: Any, line: str, names: dict[str, Any]) -> Any:
    if not line.strip():
        return dict(os.environ)
    if "=" not in line and len(line.split()) == 1:
        return os.environ.get(line.strip())
    return _set_environment(shell, line, names)


def _set_environment(shell: Any, line: str, names: dict[str, Any]) -> None:
    name, _, value = (part.strip() for part in line.partition("=" if "=" in line else " "))
    if name and not any(character.isspace() for character in name):
        os.environ[name] = value
        print(f"env: {name}={value}")


def _change_folder(shell: Any, line: str, names: dict[str, Any]) -> None:
    """Go to a folder beside the notebook or below. What lies elsewhere on the student's machine is not here."""
    words = [word for word in _split(line) if word != "-q"]
    top = shell.top
    asked = words[0] if words else top
    target = shell.visited[-1] if asked == "-" and shell.visited else os.path.expanduser(asked)
    target = os.path.realpath(target)
    if target != top and not target.startswith((top + os.sep, "/tmp/")):
        print(f"{asked} is not here when the notebook is graded: the folder stays {os.getcwd()}")
        return
    here = os.getcwd()
    try:
        os.chdir(target)
    except OSError as error:
        print(error)
    else:
        shell.visited.append(here)
        listings.forget()
        print(target)


def _push_folder(shell: Any, line: str, names: dict[str, Any]) -> None:
    shell.pushed.append(os.getcwd())
    _change_folder(shell, line, names)


def _pop_folder(shell: Any, line: str, names: dict[str, Any]) -> None:
    if shell.pushed:
        _change_folder(shell, shlex.quote(shell.pushed.pop()), names)


def _folder(shell: Any, line: str, names: dict[str, Any]) -> str:
    return os.getcwd()


def _command(name: str) -> Callable[..., None]:
    def run(shell: Any, line: str, names: dict[str, Any]) -> None:
        text, _ = commands.run(shell, f"{name} {line}")
        print(text, end="")

    return run


def _captured_command(shell: Any, line: str, names: dict[str, Any]) -> commands.SList:
    return commands.SList(commands.run(shell, line)[0].splitlines())


def _run_file(shell: Any, line: str, names: dict[str, Any]) -> None:
    """Run a Python file in names of its own, then take these over; `-i` in the notebook's, `-n` not as `__main__`."""
    words = _split(line)
    options = []
    while words and words[0].startswith("-"):
        options.append(words.pop(0))
    path = _found(words[0]) if words else ""
    if not path:
        raise FileNotFoundError(f"%run: there is no file {words[0] if words else ''!r} beside the notebook")
    module = types.ModuleType(os.path.splitext(os.path.basename(path))[0] if "-n" in options else "__main__")
    space = shell.user_ns if "-i" in options else vars(module)
    with open(path, encoding="utf-8") as file:
        source = file.read()
    code = compile(source, os.path.abspath(path), "exec", dont_inherit=True)
    try:
        with _as_program(path, words[1:], None if options else module):
            resume.run(code, source, space, lambda part: exec(part, space), resume.current_note())  # noqa: S102
    except Exception as error:  # noqa: BLE001 - the student's file may raise anything; the cell goes on, as in IPython
        shell.report(error)
    except SystemExit as error:
        if error.code not in (None, 0):
            shell.report(error)
    shell.user_ns.update({name: value for name, value in space.items() if not name.startswith("__")})


@contextlib.contextmanager
def _as_program(path: str, arguments: list[str], main: types.ModuleType | None) -> Iterator[None]:
    """Let a file see its arguments and what lies beside it, and be the main module."""
    before, folder = (sys.argv, sys.modules["__main__"]), os.path.dirname(os.path.abspath(path))
    sys.argv = [path, *arguments]
    sys.path.insert(0, folder)
    if main is not None:
        main.__file__ = path
        sys.modules["__main__"] = main
    try:
        yield
    finally:
        sys.argv, sys.modules["__main__"] = before
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)


def _pylab(shell: Any, line: str, names: dict[str, Any]) -> None:
    shell.ex(
        "import numpy\nimport matplotlib\nfrom matplotlib import pylab, mlab, pyplot\nnp = numpy\nplt = pyplot\n"
        "def figsize(width, height):\n    pyplot.rcParams['figure.figsize'] = [width, height]\n"
        "def getfigs(*numbers):\n    return [pyplot.figure(each) for each in numbers or pyplot.get_fignums()]\n"
        + ("" if "--no-import-all" in line else "from pylab import *\nfrom numpy import *\n")
    )


class TimeitResult:
    """What `%timeit -o` answers. Measured a few times only."""

    def __init__(self, loops: int, runs: list[float]) -> None:
        self.loops, self.repeat, self.all_runs = loops, len(runs), runs
        self.timings = [run / loops for run in runs]
        self.best, self.worst = min(self.timings), max(self.timings)
        self.average = sum(self.timings) / len(self.timings)
        self.stdev = (sum((each - self.average) ** 2 for each in self.timings) / len(self.timings)) ** 0.5
        self.compile_time = 0.0

    def __str__(self) -> str:
        return f"{self.average:.3g} s ± {self.stdev:.3g} s per loop"


def _time_repeatedly(shell: Any, line: str, names: dict[str, Any]) -> TimeitResult:
    words, loops, repeat = line, 1, 7
    while words.startswith("-"):
        option, _, rest = words.partition(" ")
        if option in ("-n", "-r", "-p"):
            value, _, rest = rest.strip().partition(" ")
            option += value
        number = option[2:]
        if number.isdigit():
            loops = int(number) if option[1] == "n" else loops
            repeat = int(number) if option[1] == "r" else repeat
        words = rest.strip()
    timer = timeit.Timer(words, globals=names)
    first = timer.timeit(1)
    again = [timer.timeit(1) for _ in range(min(repeat, MOST_RUNS) - 1)] if first < 0.1 else []
    runs = ([first, *again] * repeat)[: max(repeat, 1)]
    return TimeitResult(max(loops, 1), [run * max(loops, 1) for run in runs])


def _names(shell: Any, line: str, names: dict[str, Any]) -> list[str]:
    return sorted(name for name in shell.user_ns if not name.startswith("_"))


def _autoreload(shell: Any, line: str, names: dict[str, Any]) -> None:
    shell.reloading.set_mode(line)


def _autoimport(shell: Any, line: str, names: dict[str, Any]) -> None:
    chosen = [name.strip() for name in line.replace(",", " ").split() if not name.startswith("-")]
    shell.reloading.chosen.update(chosen)
    for name in chosen:
        shell.ex(f"import {name}")


# ------------------------------------------------------------------------------------------------ cell magics


def _write_file(shell: Any, line: str, cell: str) -> None:
    """Write the body to a file beside the notebook; its folder is made. One that was released stays as it is."""
    words = _split(line)
    appends = any(word in ("-a", "--append") for word in words)
    names = [word for word in words if not word.startswith("-")]
    if not names:
        raise ValueError("%%writefile needs the name of a file")
    path = os.path.expanduser(names[0])
    if not os.path.realpath(path).startswith((shell.top + os.sep, "/tmp/")):  # noqa: S108 - a folder that can be written
        path = os.path.join(shell.top, os.path.basename(path))
        print(f"{names[0]} is written beside the notebook")
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    key = os.path.relpath(os.path.abspath(path), shell.top)
    from_the_start = shell.written_first.pop(key, None)
    if appends and from_the_start is not None and _content(path) == from_the_start:
        appends = False  # what is there is the file as it will be in the end
    if os.path.isfile(path) and not os.access(path, os.W_OK):
        print(f"{path} was given with the assignment and stays as it is")
        return
    with open(path, "a" if appends else "w", encoding="utf-8") as file:
        file.write(cell)
    listings.forget()


class CapturedIO:
    """What `%%capture name` binds."""

    def __init__(self) -> None:
        self.stdout = self.stderr = ""
        self.outputs: list[Any] = []

    def show(self) -> None:
        print(self.stdout, end="")
        print(self.stderr, end="", file=sys.stderr)

    __call__ = show

    def __str__(self) -> str:
        return self.stdout


def begin_capture(shell: Any, line: str) -> None:
    """Take what the rest of the cell prints, and bind it to the name of the line when the cell ends."""
    words = line.split()
    name = next((word for word in words if not word.startswith("-")), "")
    captured, out, errors = CapturedIO(), io.StringIO(), io.StringIO()

    def bind() -> None:
        captured.stdout, captured.stderr = out.getvalue(), errors.getvalue()
        if name:
            shell.user_ns[name] = captured

    shell.open.callback(bind)
    if "--no-stdout" not in words:
        shell.open.enter_context(contextlib.redirect_stdout(out))
    if "--no-stderr" not in words:
        shell.open.enter_context(contextlib.redirect_stderr(errors))


def _script(*program: str) -> Callable[..., None]:
    """A cell for a program, which takes what else stands in the cell's first line; without one that line names it."""

    def run(shell: Any, line: str, cell: str) -> None:
        words, kept, may_fail = _split(line), {}, False
        while words and words[0].startswith("--"):
            option = words.pop(0)
            if option in ("--out", "--err", "--proc"):
                kept[option] = words.pop(0) if words else ""
            may_fail = may_fail or option == "--no-raise-error"
        arguments = (*program, *words) or ("sh",)
        text, code = commands.run(shell, "", arguments, cell)
        if "--out" in kept:
            shell.user_ns[kept["--out"]] = text
        else:
            print(text, end="")
        if "--err" in kept:
            shell.user_ns[kept["--err"]] = ""
        if code > 0 and not may_fail:
            raise subprocess.CalledProcessError(code, arguments)

    return run


def _captured_script(shell: Any, line: str, cell: str) -> commands.SList:
    return commands.SList(commands.run(shell, cell)[0].splitlines())


# ------------------------------------------------------------------------------------------------ words


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a quote that stays open
        return line.split()


def _found(name: str) -> str:
    candidates = [name, f"{name}.py", os.path.basename(name), f"{os.path.basename(name)}.py"]
    return next((path for path in candidates if os.path.isfile(path)), "")


def _content(path: str) -> bytes | None:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read()
    return None


NOT_EXPANDED = frozenset({"timeit"})  # an expression in braces is Python there; and it sees the names of its function
LINE: dict[str, Callable[..., Any]] = {
    "env": _environment,
    "set_env": _set_environment,
    "cd": _change_folder,
    "pushd": _push_folder,
    "popd": _pop_folder,
    "pwd": _folder,
    "run": _run_file,
    "pylab": _pylab,
    "sx": _captured_command,
    "system": _captured_command,
    "timeit": _time_repeatedly,
    "who_ls": _names,
    "autoreload": _autoreload,
    "aimport": _autoimport,
    **{name: _command(name) for name in ("ls", "mkdir", "rmdir", "cp", "mv", "rm", "cat", "ln")},
    **{name: _command("ls -l") for name in ("ll", "lf", "lk", "lx", "ldir")},
}
CELL: dict[str, Callable[..., Any]] = {
    "writefile": _write_file,
    "file": _write_file,
    "bash": _script("bash"),
    "sh": _script("sh"),
    "shell": _script("bash"),
    "script": _script(),
    "python": _script(sys.executable),
    "python3": _script(sys.executable),
    **dict.fromkeys(("!", "!!", "sx", "system"), _captured_script),
}
