"""`%autoreload`: before a cell runs, a module beside the notebook that was written again is loaded again."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import types
from typing import Any


class Reloading:
    """`mode` as `%autoreload` has it: 0 off, 1 the modules of `%aimport`, 2 and 3 all."""

    def __init__(self) -> None:
        self.mode = 0
        self.chosen: set[str] = set()
        self.seen: dict[str, tuple[int, int]] = {}

    def set_mode(self, text: str) -> None:
        words = {"": 2, "now": 2, "off": 0, "explicit": 1, "all": 2, "complete": 3}
        first = text.split()[0].lower() if text.split() else ""
        self.mode = int(first) if first.isdigit() else words.get(first, 2)
        self.reload_changed()

    def reload_changed(self) -> None:
        """Load anew what has changed; its functions and classes get the new code where they were imported, too."""
        if not self.mode:
            return
        here = os.getcwd() + os.sep
        for name, module in list(sys.modules.items()):
            if self.mode == 1 and name not in self.chosen:
                continue
            stamp = _stamp(module, here)
            if stamp and self.seen.setdefault(name, stamp) != stamp:
                self.seen[name] = stamp
                old = dict(vars(module))
                with contextlib.suppress(Exception):  # as IPython: the old one stays
                    importlib.reload(module)
                    for key, value in old.items():
                        _renew(value, vars(module).get(key), name)


def _stamp(module: Any, here: str) -> tuple[int, int] | None:
    """When the file of a module of the notebook's folder was written, and its size."""
    file = getattr(module, "__dict__", {}).get("__file__")
    if not (isinstance(file, str) and file.endswith(".py") and (file.startswith(here) or not file.startswith("/"))):
        return None
    with contextlib.suppress(OSError):
        found = os.stat(file)
        return found.st_mtime_ns, found.st_size
    return None


def _renew(old: Any, new: Any, module: str) -> None:
    """Let an old function or class of the module do what the new one does."""
    if old is new or getattr(old, "__module__", None) != module:
        return
    if isinstance(old, types.FunctionType) and isinstance(new, types.FunctionType):
        for part in ("__code__", "__defaults__", "__kwdefaults__", "__doc__", "__dict__"):
            with contextlib.suppress(ValueError, TypeError):
                setattr(old, part, getattr(new, part))
    elif isinstance(old, type) and isinstance(new, type):
        for key, value in vars(new).items():
            if isinstance(vars(old).get(key), types.FunctionType) and isinstance(value, types.FunctionType):
                _renew(vars(old)[key], value, module)
            elif key not in ("__dict__", "__weakref__", "__module__"):
                with contextlib.suppress(TypeError, AttributeError):
                    setattr(old, key, value)
