"""Real packages that draw for somebody who looks on, made silent: tqdm without bars, IPython without a shell.

A patch is applied as soon as its module was run, before anything else can import from it.
"""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable
from typing import Any

from grader.candidate.absent import Inert, not_there


class Nowhere:
    """A file to write bars to."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        return None


class Shell:
    """What `get_ipython()` gives: a shell without a kernel, a front end and magics. What else it has is inert."""

    kernel = None
    colors = "nocolor"

    def __init__(self) -> None:
        self.config: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert(not_there(f"get_ipython().{name}"))

    @property
    def user_ns(self) -> dict[str, Any]:
        return vars(sys.modules["__main__"])

    @functools.cached_property
    def display_formatter(self) -> Any:
        """The real one: `set_matplotlib_formats` takes formatters out of it."""
        from IPython.core.formatters import DisplayFormatter

        return DisplayFormatter()


_SHELL = Shell()


def use(shell: Shell) -> None:
    """Let `get_ipython()` answer this shell: the notebook's, which knows its names."""
    global _SHELL
    _SHELL = shell


def get_ipython() -> Shell:
    """Take the place of IPython's function of that name, which answers None outside of a notebook."""
    return _SHELL


def display(*objects: object, **options: Any) -> Any:
    """Do what the function of that name does in a notebook: IPython's, which prints where there is no front end."""
    from IPython.display import display as shown

    return shown(*objects, **options)


def _tqdm(std: Any) -> None:
    bar = std.tqdm
    made = bar.__init__

    @functools.wraps(made)
    def silent(self: Any, *args: Any, **kwargs: Any) -> None:
        if len(args) < 5 and kwargs.get("file") is None:
            kwargs["file"] = Nowhere()
        made(self, *args, **kwargs)

    bar.__init__ = silent
    bar.monitor_interval = 0  # no thread


def bars_of_a_terminal(notebook: Any) -> None:
    """Make `tqdm.notebook` of what tqdm has for a terminal: the same loops, without ipywidgets."""
    from tqdm import std

    notebook.tqdm = notebook.tqdm_notebook = std.tqdm
    notebook.trange = notebook.tnrange = std.trange


def _getipython(module: Any) -> None:
    module.get_ipython = get_ipython


def _interactiveshell(module: Any) -> None:
    """`InteractiveShell.instance()` would start a real one: history in a file, a thread, hooks."""
    module.InteractiveShell.instance = classmethod(lambda cls, *args, **kwargs: _SHELL)


def _display_functions(module: Any) -> None:
    """`clear_output` prints what moves a terminal's cursor, and without a front end nobody gets a handle to update."""
    module.clear_output = lambda wait=False: None
    shown = module.display

    @functools.wraps(shown)
    def display(*objects: object, display_id: Any = None, **options: Any) -> Any:
        shown(*objects, **options)
        return module.DisplayHandle(None if display_id is True else display_id) if display_id else None

    module.display = display


def _ipython_display(module: Any) -> None:
    """What older versions had here, Colab's for one."""
    for name in ("set_matplotlib_formats", "set_matplotlib_close"):
        if not hasattr(module, name):
            setattr(module, name, _of_matplotlib_inline(name))


def _of_matplotlib_inline(name: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        from matplotlib_inline import backend_inline

        return getattr(backend_inline, name)(*args, **kwargs)

    return call


PATCHES: dict[str, Callable[[types.ModuleType], None]] = {
    "tqdm.std": _tqdm,
    "IPython.core.getipython": _getipython,
    "IPython.core.interactiveshell": _interactiveshell,
    "IPython.core.display_functions": _display_functions,
    "IPython.display": _ipython_display,
}


class Patching:
    """A loader that patches what another one loads; all else is the other's."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def exec_module(self, module: types.ModuleType) -> None:
        self._loader.exec_module(module)
        PATCHES[module.__name__](module)


def spec(name: str, path: Any) -> importlib.machinery.ModuleSpec | None:
    """The spec of the real module, to be patched when it is run; None where it is not installed."""
    found = importlib.machinery.PathFinder.find_spec(name, path)
    if found is not None:
        found.loader = Patching(found.loader)  # type: ignore[assignment]
    return found


def patch(name: str, change: Callable[[Any], None]) -> None:
    """Change a module too: now, if it is imported, or as soon as it is."""
    PATCHES[name] = change
    if name in sys.modules:
        change(sys.modules[name])


def patch_loaded() -> None:
    """Patch what was imported before, with torch for one."""
    for name, patch in PATCHES.items():
        module = sys.modules.get(name)
        if module is not None:
            patch(module)
