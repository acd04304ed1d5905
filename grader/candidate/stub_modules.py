"""Modules that make no sense when a notebook is graded, and modules that it may not import.

What would open a server, a page or an account is inert: `google.colab`, `otter`, `wandb`. So are IPython and ipywidgets
where they are not installed; where they are, they and tqdm are the real ones, made silent (`silenced`). Modules that an
assignment hides raise ModuleNotFoundError with the reason.
"""

from __future__ import annotations

import builtins
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from typing import Any

from grader.candidate import own_modules, processors, silenced
from grader.candidate.absent import Inert, not_there

INERT = ("google.colab", "otter", "dotenv", "wandb", "mlflow", "comet_ml")
INERT_IF_MISSING = ("IPython", "ipywidgets", "matplotlib_inline")
NOTEBOOK_BARS = "tqdm.notebook"


class InertModule(types.ModuleType):
    """A module whose every public attribute is an Inert."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        return Inert(not_there(self.__name__))


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of this file before Python finds real ones."""

    def __init__(self, hidden: Sequence[str]) -> None:
        self.hidden = tuple(hidden)

    def find_spec(self, fullname: str, path: Any = None, target: object = None) -> Any:
        if _within(fullname, self.hidden):
            raise ModuleNotFoundError(f"'{fullname}' is not available: this assignment is to be solved without it")
        if _within(fullname, INERT) or (_may_be_inert(fullname) and not _is_installed(fullname.partition(".")[0])):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        if fullname == NOTEBOOK_BARS:
            return importlib.machinery.ModuleSpec(fullname, self)
        return silenced.spec(fullname, path) if fullname in silenced.PATCHES else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        plain = spec.name in ("google", NOTEBOOK_BARS)
        return (types.ModuleType if plain else InertModule)(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        if module.__name__ == "wandb":
            _without_run(module)
        elif module.__name__ == NOTEBOOK_BARS:
            silenced.bars_of_a_terminal(module)


def _without_run(wandb: Any) -> None:
    """`if wandb.run is not None: wandb.log(...)` is to be answered: there is a run once one was begun."""

    def init(*args: object, **kwargs: object) -> Inert:
        wandb.run = Inert(not_there("wandb"))
        return wandb.run

    wandb.run, wandb.init = None, init


def _may_be_inert(name: str) -> bool:
    return name == "google" or _within(name, INERT_IF_MISSING)  # the parent of google.colab, and of protobuf


def _is_installed(name: str) -> bool:
    return importlib.machinery.PathFinder.find_spec(name) is not None


def _within(name: str, modules: Sequence[str]) -> bool:
    return any(name == module or name.startswith(module + ".") for module in modules)


def _no_input(prompt: object = "") -> str:
    raise EOFError("input() has nobody to ask when the notebook is graded")


def install(hidden: Sequence[str]) -> None:
    """Make imports what they are when graded: stand-ins in place, modules hidden, also ones that are loaded already."""
    gone = frozenset((*hidden, *INERT))
    below = tuple(f"{module}." for module in gone)
    for name in [name for name in sys.modules if name in gone or name.startswith(below)]:  # of a thousand and more
        del sys.modules[name]
    sys.meta_path.insert(0, StandIns(hidden))
    silenced.patch_loaded()
    processors.bound()
    own_modules.install()
    builtins.input = _no_input
    builtins.get_ipython = silenced.get_ipython  # type: ignore[attr-defined]
    builtins.display = silenced.display  # type: ignore[attr-defined]
