"""Let what a question rules out raise while a call runs, whoever calls it and under whatever name it was imported.

- "aten::convolution", "aten::*": an operator of torch, stopped at the dispatcher; nothing of torch's own gets past it
- "torch.nn.functional.cross_entropy", "torch.lstm": a function of torch's Python face, stopped where torch looks for
  overrides; for what has no operator of its own
- "torch.nn.LayerNorm", "torch.distributions.Distribution": a class, which can be neither made nor run, nor what
  inherits from it
- "numpy.convolve": any other function, replaced by one that raises (a copy under another name is not found)

`*` stands for anything in the first two forms.
"""

from __future__ import annotations

import contextlib
import fnmatch
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from grader.candidate.faults import ForbiddenOperator


@contextlib.contextmanager
def forbidding(names: Sequence[str], effects: list[str]) -> Iterator[None]:
    """Append "forbidden operator NAME" to `effects` for what was reached, and raise ForbiddenOperator there."""

    def stop(name: str) -> NoReturn:
        effects.append(f"forbidden operator {name}")
        raise ForbiddenOperator(f"{name} may not be used in this question")

    with contextlib.ExitStack() as stack:
        functions = []
        for name in names:
            if "::" in name:
                continue
            owner, thing = _found(name)
            if isinstance(thing, type):
                stack.enter_context(_replaced(thing, "__init__", _raiser(stop, name)))
                for kind in _family(thing):
                    if "forward" in vars(kind):
                        stack.enter_context(_replaced(kind, "forward", _raiser(stop, name)))
            elif name.startswith("torch."):
                functions.append(name)
            elif owner is not None:
                stack.enter_context(_replaced(owner, name.rpartition(".")[2], _raiser(stop, name)))
        if "torch" in sys.modules:
            if functions:
                stack.enter_context(_without_other_function_modes())
                stack.enter_context(_function_guard(functions, stop))
            operators = [name for name in names if "::" in name]
            if operators:
                stack.enter_context(_without_other_modes())
                stack.enter_context(_operator_guard(operators, stop))
        yield


def _found(name: str) -> tuple[Any, Any]:
    """Where a dotted name is kept and what it stands for; (None, None) where there is no such thing here."""
    parts = name.split(".")
    for size in range(len(parts) - 1, 0, -1):
        with contextlib.suppress(ImportError, AttributeError):
            if parts[0] not in sys.modules:
                break
            owner: Any = importlib.import_module(".".join(parts[:size]))
            for part in parts[size:-1]:
                owner = getattr(owner, part)
            return owner, getattr(owner, parts[-1])
    return None, None


def _family(kind: type) -> set[type]:
    """A class and all that inherit from it."""
    heirs: list[type] = kind.__subclasses__()
    return {kind}.union(*map(_family, heirs))


def _raiser(stop: Callable[[str], NoReturn], name: str) -> Callable[..., NoReturn]:
    return lambda *args, **kwargs: stop(name)


@contextlib.contextmanager
def _replaced(owner: Any, name: str, by: Any) -> Iterator[None]:
    own = name in vars(owner)
    before = getattr(owner, name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, before)
        else:
            delattr(owner, name)


def _function_guard(patterns: Sequence[str], stop: Callable[[str], NoReturn]) -> Any:
    from torch.overrides import TorchFunctionMode, resolve_name

    class Guard(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = resolve_name(func) or ""
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                stop(name)
            return func(*args, **(kwargs or {}))

    return Guard()


@contextlib.contextmanager
def _without_other_function_modes() -> Iterator[None]:
    """None that was left on either, but for the one that makes a default device."""
    from torch.overrides import _get_current_function_mode_stack as left_on
    from torch.overrides import _pop_mode, _push_mode
    from torch.utils._device import DeviceContext

    def leave(modes: Sequence[Any]) -> None:
        for _ in left_on():
            _pop_mode()
        for mode in modes:
            _push_mode(mode)

    before = left_on()
    leave([mode for mode in before if type(mode) is DeviceContext])
    try:
        yield
    finally:
        leave(before)


def _without_other_modes() -> Any:
    """No mode that was left on: from beneath the guard it could carry out whatever it likes, and nobody would see."""
    from torch.utils._python_dispatch import _disable_current_modes

    return _disable_current_modes()


def _operator_guard(patterns: Sequence[str], stop: Callable[[str], NoReturn]) -> Any:
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Guard(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = func._schema.name
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                stop(name)
            if func.has_kernel_for_dispatch_key(torch._C.DispatchKey.CompositeImplicitAutograd):
                with self:  # under inference_mode it arrives whole: look at what it is made of
                    return func.decompose(*args, **(kwargs or {}))
            return func(*args, **(kwargs or {}))

    return Guard()
