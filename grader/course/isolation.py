"""Keeps the questions of a notebook apart, so that a mistake in one is not passed on to the others."""

from __future__ import annotations

import inspect
import types
from collections.abc import Container
from typing import Any


def isolate_questions(names: dict[str, Any], others: Container[str]) -> dict[str, Any]:
    """Let the functions and classes called `others` go on calling everything as it is defined now.

    What they call is kept as well (copies of helpers, in their own globals); `names` are the globals of a notebook.
    Returns what is kept, by name: also the functions of the question that the cells behind are about, as they were.
    """
    kept = dict(names)

    def bound(function: Any) -> Any:
        if not isinstance(function, types.FunctionType) or function.__globals__ is not names:
            return function
        twin = types.FunctionType(
            function.__code__, kept, function.__name__, function.__defaults__, function.__closure__
        )
        twin.__kwdefaults__ = function.__kwdefaults__
        twin.__dict__.update(function.__dict__)
        return twin

    def keep(thing: Any) -> Any:
        if isinstance(thing, (list, tuple)) and type(thing) in (list, tuple):
            return type(thing)(keep(part) for part in thing)
        return {key: keep(part) for key, part in thing.items()} if type(thing) is dict else bound(thing)

    for name, thing in list(names.items()):
        if name.startswith("__"):
            continue
        if isinstance(thing, type) and name in others and thing.__module__ == names.get("__name__"):
            for method, part in list(vars(thing).items()):
                if isinstance(part, (staticmethod, classmethod)):
                    setattr(thing, method, type(part)(bound(part.__func__)))
                elif isinstance(part, property):
                    setattr(thing, method, property(bound(part.fget), bound(part.fset), bound(part.fdel)))
                elif isinstance(part, types.FunctionType):
                    setattr(thing, method, bound(part))
        kept[name] = keep(thing)
    names.update({name: kept[name] for name in kept if name in others})
    return kept


def cell(others: list[str]) -> str:
    """A notebook cell that keeps the questions with these names apart from the cells behind it."""
    source = inspect.getsource(isolate_questions)
    imports = "import types\nfrom collections.abc import Container\nfrom typing import Any\n"
    return f"# %%\n{imports}\n\n{source}\n\n_right = isolate_questions(globals(), {others!r})\n"
