"""Modules that lie beside the notebook are run as its cells are: what needs a module that is not there is skipped."""

from __future__ import annotations

import importlib.machinery
import os
import sys
import types
from collections.abc import Callable

from grader.candidate import resume


class OwnLoader(importlib.machinery.SourceFileLoader):
    """Loads a module from source; what is not there is noted for the cell that imports it."""

    def exec_module(self, module: types.ModuleType) -> None:
        compiled = self.get_code(module.__name__)
        assert compiled is not None  # there is code in every source file
        names = vars(module)

        def execute(code: types.CodeType) -> None:
            exec(code, names)  # noqa: S102 - this is what the sandbox is for

        resume.run(compiled, self.get_source(module.__name__) or "", names, execute, resume.current_note())


def install() -> None:
    """Let modules in the working folder, and in folders of it, be loaded so."""
    sys.path_hooks.insert(0, _within(os.getcwd()))


def _within(folder: str) -> Callable[[str], importlib.machinery.FileFinder]:
    suffixes = importlib.machinery.EXTENSION_SUFFIXES, importlib.machinery.SOURCE_SUFFIXES

    def finder(path: str) -> importlib.machinery.FileFinder:
        if os.path.commonpath([folder, os.path.abspath(path)]) != folder or folder == "/":
            raise ImportError(f"{path} is not the notebook's")  # what this hook is to say of others' folders
        compiled = (importlib.machinery.ExtensionFileLoader, suffixes[0])
        return importlib.machinery.FileFinder(path, compiled, (OwnLoader, suffixes[1]))

    return finder
