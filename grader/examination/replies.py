"""What a candidate says besides values: faults, effects, errors of cells. Read by exact types; its words stay `Raw`.

What it says may be forged like everything else it sends. Nothing here asks more of a value than its type; how its words
reach a reader is said in `words`.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from grader import wire
from grader.examination.words import Raw, line

MAX_CELL_TEXT = 1000  # of what a cell raised; no hidden input exists yet when cells run
MOST = 100  # bases, frames, effects, errors of cells

_CHANGED = re.compile(r"argument (\w{1,80}) was changed")
_DRAWN = re.compile(r"the global random state of (?:random|numpy|torch) was used")
_FORBIDDEN = re.compile(r"forbidden operator ([\w:.]{1,80})")
_POSITION = re.compile(r"\d{1,2}")
_STOPPED = re.compile(r"cell \d+( raised |: .*; what needs it was skipped)", re.DOTALL)


@dataclass(frozen=True)
class Frame:
    """Where student code was when it raised: "cell 3" or a file's name, a line of it, a function."""

    where: Raw
    line: int
    function: Raw


@dataclass(frozen=True)
class Fault:
    """What student code raised. `bases` are the names of its class and those above; `text` is as it was said."""

    kind: Raw
    bases: tuple[str, ...]
    text: Raw
    frames: tuple[Frame, ...]

    @property
    def out_of_memory(self) -> bool:
        return any(
            ("MemoryError" in self.bases, "can't allocate memory" in self.text.said, "out of memory" in self.text.said)
        )


def read_fault(value: Any) -> Fault | None:
    """The fault of a reply; None if it is of another form than ours."""
    if type(value) is not dict:
        return None
    kind, bases, text, frames = map(value.get, ("type", "bases", "message", "frames"))
    if not (type(kind) is str and type(text) is str and _strings(bases) and type(frames) is list):
        return None
    read = [_frame(frame) for frame in frames[:MOST]]
    if None in read:
        return None
    known = tuple(frame for frame in read if frame is not None)
    return Fault(Raw(kind), tuple(bases[:MOST]), Raw(text), known)  # type: ignore[arg-type,index]


def _frame(frame: Any) -> Frame | None:
    """A frame is (where, line, function, source line); the source is looked up where it can be trusted."""
    if type(frame) not in (tuple, list) or len(frame) != 4:
        return None
    where, at, function, _ = frame
    if not (type(where) is str and type(at) is int and type(function) is str and 0 <= at < 1_000_000):
        return None
    return Frame(Raw(where), at, Raw(function))


def read_effects(value: Any, arguments: Collection[str] = (), forbidden: Collection[str] = ()) -> list[str] | None:
    """What a call did besides returning; None if one of them is none that this call can have.

    arguments: by name, besides those by position;  forbidden: what the call must not reach, as patterns
    """
    if not _strings(value):
        return None
    effects: list[str] = value[:MOST]
    return effects if all(_is_effect(effect, arguments, forbidden) for effect in effects) else None


def _is_effect(effect: str, arguments: Collection[str], forbidden: Collection[str]) -> bool:
    changed, reached = _CHANGED.fullmatch(effect), _FORBIDDEN.fullmatch(effect)
    if changed:
        return changed[1] in arguments or _POSITION.fullmatch(changed[1]) is not None
    if reached:
        return any(fnmatch.fnmatchcase(reached[1], pattern) for pattern in forbidden)
    return _DRAWN.fullmatch(effect) is not None


def read_cell_errors(reply: bytes) -> list[dict[str, Any]]:
    """What cells raised when the notebook was run: dicts of cell, type, message, skipped; other forms are left out.

    skipped: only the statement that raised it was; a module was not there
    """
    try:
        loaded = wire.decode(reply)
    except wire.WireError:
        return []
    value = loaded.get("value") if type(loaded) is dict else None
    raised = value.get("raised") if type(value) is dict else None
    found = []
    for error in raised[:MOST] if type(raised) is list else ():
        cell, kind, text = (
            (error.get(key) for key in ("cell", "type", "message")) if type(error) is dict else (None,) * 3
        )
        if type(cell) is int and 0 <= cell < 1_000_000 and type(kind) is str and type(text) is str:
            skipped = error.get("skipped") is True
            found.append({"cell": cell, "type": line(kind), "message": line(text, MAX_CELL_TEXT), "skipped": skipped})
    return found


def read_more_errors(reply: bytes) -> int:
    """How many more errors of cells there were than are told one by one."""
    try:
        loaded = wire.decode(reply)
    except wire.WireError:
        return 0
    value = loaded.get("value") if type(loaded) is dict else None
    more = value.get("more") if type(value) is dict else None
    return more if type(more) is int and 0 < more < 1_000_000 else 0


def about_cells(errors: list[dict[str, Any]], most: int = MAX_CELL_TEXT) -> Iterator[str]:
    """What cells raised, in sentences; a module that is not there is one sentence, where it is missed first.

    most: characters of a message
    """
    cells: dict[str, list[int]] = {}
    for error in errors:
        if error["skipped"]:
            cells.setdefault(error["message"], []).append(error["cell"])
    for error in errors:
        message = error["message"][:most]
        if error["skipped"]:
            if (needing := cells.pop(error["message"], None)) is not None:
                more = f", also in {_listed(needing[1:])}" if needing[1:] else ""
                yield f"cell {needing[0]}: {message}; what needs it was skipped{more}"
        else:
            where = f"cell {error['cell']}" if error["cell"] else "putting a file beside the notebook"
            yield f"{where} raised {with_text(error['type'], message)}"


def stopped(notice: str) -> bool:
    """Whether a sentence says, as `about_cells` does, that a cell did not run to its end."""
    return _STOPPED.match(notice) is not None


def with_text(kind: str, text: str) -> str:
    """An exception's kind, and what it says where it says anything."""
    return f"{kind}: {text}" if text.strip() else kind


def _listed(cells: list[int]) -> str:
    more = f" and {len(cells) - 10} more" if len(cells) > 10 else ""
    return f"cell{'s' * (len(cells) > 1)} {', '.join(map(str, cells[:10]))}{more}"


def _strings(value: object) -> bool:
    return type(value) is list and all(type(item) is str for item in value)
