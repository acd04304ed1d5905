"""Fill in the names of a magic or shell line, `{expression}` and `$name`, as IPython does."""

from __future__ import annotations

import re
import string
from typing import Any

_DOLLAR = re.compile(r"\$(\$?[\w.]+)(?=(?:[^']*'[^']*')*[^']*$)")  # not between single quotes


def expanded(text: str, names: dict[str, Any]) -> str:
    """The line with its names filled in; as it was where one of them is unknown, since it may be the shell's."""
    try:
        return "".join(_parts(text, names))
    except Exception:  # noqa: BLE001 - an expression of the student's may raise anything
        return text


def _parts(text: str, names: dict[str, Any]) -> list[str]:
    parts = []
    for literal, field, specification, conversion in string.Formatter().parse(text):
        at = 0
        for found in _DOLLAR.finditer(literal):
            name = found[1]
            parts += [literal[at : found.start()], name if name.startswith("$") else _value(name, names)]
            at = found.end()
        parts.append(literal[at:])
        if field is not None:
            value = eval(f"{field}:{specification}" if specification else field, names)  # noqa: S307 - student's text
            parts.append(str(string.Formatter().convert_field(value, conversion)))
    return parts


def _value(name: str, names: dict[str, Any]) -> str:
    return str(eval(name, names))  # noqa: S307 - the student's text
