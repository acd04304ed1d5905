"""What hidden tests never ask a function with: kinds of input that nothing shows to be right or wrong.

A test whose `pad_id` is 0 in every call passes a program that writes 0; one that never sends float32 passes a program
that answers float64. What was asked of the reference is read here, of each function of a question: none of it is an
error, for a kind may not be allowed or mean nothing. What is asked inside a probe or of an object's method is not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from grader import wire

FEW_CALLS = 4  # of so many or more, a number that never changes is worth a look


@dataclass(frozen=True)
class LeftOut:
    """A parameter of a function, and the kind of input that it never was. `question`: whose tests leave it out."""

    question: str
    function: str
    parameter: str
    says: str


@dataclass
class Seen:
    """What one parameter was in all calls."""

    calls: int = 0
    dtypes: set[str] = field(default_factory=set)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    numbers: set[float | int | bool] = field(default_factory=set)

    def add(self, value: Any) -> None:
        self.calls += 1
        if isinstance(value, (bool, int, float)):
            self.numbers.add(value)
        elif hasattr(value, "dtype"):
            self.dtypes.add(str(value.dtype).removeprefix("torch."))
            self.shapes.append(tuple(value.shape))

    def lacks(self, rows: bool) -> Iterator[str]:
        """The kinds that it never was, in words. rows: its first axis counts samples."""
        floats = {name for name in self.dtypes if "float" in name}
        yield from (f"never {name}" for name in ("float32", "float64") if floats and name not in floats)
        tables = [shape for shape in self.shapes if len(shape) > 1]
        if rows and tables and all(shape[0] > 1 for shape in tables):
            yield "never of one row"
        if tables and all(len(set(shape)) < len(shape) for shape in tables):
            yield "always with two axes of one size"
        if self.calls >= FEW_CALLS and len(self.numbers) == 1 and not self.shapes:
            yield f"always {next(iter(self.numbers))}"


class Asked:
    """What the functions of an assignment were asked with, call by call."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str | int, Seen]] = {}  # function -> place or keyword -> what it was

    def add(self, requests: Iterable[bytes]) -> None:
        """Requests as they went to the sandbox; what is no call of a function by its name is passed over."""
        for request in requests:
            said = wire.decode(request, lambda ref: ref)
            target = said.get("target") if said.get("op") == "call" else None
            if isinstance(target, str):
                seen = self._seen.setdefault(target, {})
                for name, value in (*enumerate(said["args"]), *said["kwargs"].items()):
                    seen.setdefault(name, Seen()).add(value)

    def left_out(self, questions: Mapping[str, str], taken: Mapping[str, tuple[str, ...]]) -> list[LeftOut]:
        """What was left out, by function in the order of `questions` (function -> question).

        taken: by function, the names of what it takes, in order, the samples first; functions that were never called by
        name are not told
        """
        return [
            LeftOut(question, function, name, says)
            for function, question in questions.items()
            if function in self._seen
            for place, name in enumerate(taken.get(function, ()))
            for says in _words(self._seen[function], place, name)
        ]


def _words(seen: Mapping[str | int, Seen], place: int, name: str) -> list[str]:
    found = [seen[key] for key in (place, name) if key in seen]
    return list(_together(found).lacks(rows=not place)) if found else ["never given"]


def _together(parts: Iterable[Seen]) -> Seen:
    whole = Seen()
    for part in parts:
        whole.calls += part.calls
        whole.dtypes |= part.dtypes
        whole.shapes += part.shapes
        whole.numbers |= part.numbers
    return whole


def parameters(definition: ast.FunctionDef | ast.ClassDef) -> tuple[str, ...]:
    """The names that a function, or the constructor of a class, is called with; () where it takes what it is given."""
    if isinstance(definition, ast.ClassDef):
        made = [part for part in definition.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"]
        return parameters(made[0])[1:] if made else ()
    taken = definition.args
    return tuple(each.arg for each in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs))
