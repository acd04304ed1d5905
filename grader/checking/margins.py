"""How near to their limits the answers are that pass: noted for an audit, which asks for it, and for nobody else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Margin:
    """A value that was judged by a limit: a figure and its bounds or, without bounds, the share of a tolerance used."""

    what: str
    value: float
    low: float | None = None
    high: float | None = None

    @property
    def is_tolerance(self) -> bool:
        return self.low is None and self.high is None


_noted: ContextVar[list[Margin] | None] = ContextVar("noted", default=None)


@contextlib.contextmanager
def noted(asked: bool = True) -> Iterator[list[Margin]]:
    """Note all margins of the block, if they are asked for."""
    seen: list[Margin] = []
    token = _noted.set(seen if asked else None)
    try:
        yield seen
    finally:
        _noted.reset(token)


def wanted() -> bool:
    """Whether somebody asks for margins."""
    return _noted.get() is not None


def note(what: str, value: float, low: float | None = None, high: float | None = None) -> None:
    """Note one, where somebody asks."""
    seen = _noted.get()
    if seen is not None:
        seen.append(Margin(what, value, low, high))


def smallest(seen: list[Margin]) -> tuple[Margin, ...]:
    """Of the tolerances the one that was used most; all bounds."""
    tolerances = [margin for margin in seen if margin.is_tolerance]
    return (*sorted(tolerances, key=lambda margin: -margin.value)[:1], *(m for m in seen if not m.is_tolerance))
