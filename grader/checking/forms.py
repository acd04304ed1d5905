"""How an answer of several parts is built: lists, tuples and dicts of numbers, arrays and tensors, as one pattern."""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.checking.compare import Mismatch
from grader.checking.values import describe, numeric, require_answer
from grader.errors import AuthoringError

LEAVES: dict[Any, str] = {
    None: "None",
    bool: "a bool",
    int: "an integer",
    float: "a number",
    str: "a string",
    object: "anything",
    np.ndarray: "an array",
    "tensor": "a torch tensor",
}


def formed(answer: object, form: Any, *, what: str = "result") -> Any:
    """Return the answer if it is built as `form` says, or raise Mismatch; the values in it are unchecked.

    form: None, bool, int, float (any real number), str, np.ndarray, "tensor" (with axes or without), object (anything);
          [form]: any number of it;  (form, form): one of each;  {key: form}: under these keys;  {form, form}: either
    Raises AuthoringError when there is no such form.
    """
    require_answer(answer, what)
    if isinstance(form, list):
        if type(answer) not in (list, tuple):
            raise Mismatch(f"{what} is {describe(answer)}, expected a list.")
        for index, part in enumerate(answer):  # type: ignore[arg-type, var-annotated]
            formed(part, form[0], what=f"{what}[{index}]")
    elif isinstance(form, tuple):
        _several(answer, form, what)
    elif isinstance(form, dict):
        _named(answer, form, what)
    elif isinstance(form, (set, frozenset)):
        if not any(_is(answer, each) for each in form):
            raise Mismatch(f"{what} is {describe(answer)}, expected {' or '.join(sorted(map(_noun, form)))}.")
    elif not _is(answer, form):
        raise Mismatch(f"{what} is {describe(answer)}, expected {_noun(form)}.")
    return answer


def _several(answer: Any, form: tuple[Any, ...], what: str) -> None:
    if type(answer) not in (list, tuple):
        raise Mismatch(f"{what} is {describe(answer)}, expected a tuple of {len(form)}.")
    if len(answer) != len(form):
        raise Mismatch(f"{what} has {len(answer)} entries, expected {len(form)}.")
    for index, (part, its) in enumerate(zip(answer, form, strict=True)):
        formed(part, its, what=f"{what}[{index}]")


def _named(answer: Any, form: dict[Any, Any], what: str) -> None:
    if type(answer) is not dict or any(type(key) not in (str, int) for key in answer):
        raise Mismatch(f"{what} is {describe(answer)}, expected a dict.")
    if answer.keys() != form.keys():
        raise Mismatch(f"{what} has other keys than expected.")
    for key, its in form.items():
        formed(answer[key], its, what=f"{what}[{key!r}]")


def _noun(form: Any) -> str:
    if isinstance(form, (type, str, type(None))) and form in LEAVES:
        return LEAVES[form]
    there_is = (
        "None, bool, int, float, str, object, np.ndarray, 'tensor', [form], (form, form), {key: form}, {form, form}"
    )
    raise AuthoringError(f"no form {form!r}; there is: {there_is}")


def _is(answer: object, form: Any) -> bool:
    """Whether an answer is of a form that has no parts."""
    _noun(form)
    if form is object:
        return True
    if form is None or form is str:
        return answer is None if form is None else type(answer) is str
    got = numeric(answer)
    too_large = type(answer) is int and abs(answer) >= 1 << 63  # NumPy has no such number
    if got is None or got.family == "other" or too_large:
        return False
    if form is np.ndarray or form == "tensor":
        return got.tensor if form == "tensor" else type(answer) is np.ndarray
    wanted = {bool: ("bool",), int: ("int",), float: ("int", "float")}[form]
    return got.scalar and got.family in wanted
