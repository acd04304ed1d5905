"""Modules that a notebook may import though they make no sense when it is graded, and modules that it may not.

`google.colab`, `otter` and `IPython` become inert: every attribute exists, every call returns another inert object.
`tqdm` hands the loop through. Modules that an assignment hides raise ModuleNotFoundError with the reason.
"""

from __future__ import annotations

import builtins
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any

INERT = ("google.colab", "otter", "IPython", "ipywidgets", "dotenv", "wandb")
PROGRESS = ("tqdm",)


class Inert:
    """Accepts everything and does nothing. True only in that it exists."""

    def __call__(self, *args: object, **kwargs: object) -> Inert:
        return self

    def __getattr__(self, name: str) -> Inert:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self

    def __enter__(self) -> Inert:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __repr__(self) -> str:
        return "<not available when graded>"


class InertModule(types.ModuleType):
    """A module whose every public attribute is an Inert."""

    def __getattr__(self, name: str) -> Inert:
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert()


class Progress(Inert):
    """`tqdm(iterable)` without the bar."""

    def __init__(self, iterable: Any = (), *args: object, **kwargs: object) -> None:
        self.iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        return iter(self.iterable)

    def __len__(self) -> int:
        return len(self.iterable)

    @staticmethod
    def write(text: object, *args: object, **kwargs: object) -> None:
        """What notebooks call on the class itself, and where its text goes."""
        print(text)


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of this file before Python finds real ones."""

    def __init__(self, hidden: Sequence[str]) -> None:
        self.hidden = tuple(hidden)

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> Any:
        if _within(fullname, self.hidden):
            raise ModuleNotFoundError(f"'{fullname}' is not available: this assignment is to be solved without it")
        if fullname == "google" or _within(fullname, INERT + PROGRESS):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = InertModule(spec.name)
        if _within(spec.name, PROGRESS):
            module.tqdm = Progress  # type: ignore[attr-defined]
            module.trange = lambda *args, **kwargs: Progress(range(*args))  # type: ignore[attr-defined]
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        return None


def _within(name: str, modules: Sequence[str]) -> bool:
    return any(name == module or name.startswith(module + ".") for module in modules)


def _no_input(prompt: object = "") -> str:
    raise EOFError("input() has nobody to ask when the notebook is graded")


def install(hidden: Sequence[str]) -> None:
    """Put the stand-ins in place and hide modules, also ones that are loaded already."""
    gone = frozenset((*hidden, *INERT, *PROGRESS))
    below = tuple(f"{module}." for module in gone)
    for name in [name for name in sys.modules if name in gone or name.startswith(below)]:  # of a thousand and more
        del sys.modules[name]
    sys.meta_path.insert(0, StandIns(hidden))
    builtins.input = _no_input
    builtins.get_ipython = builtins.display = Inert()  # type: ignore[attr-defined]
