"""Assertions in hidden tests: what they say holds hidden values, so that students read nothing of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from grader.authoring.causes import Seen


def assertions(folder: Path) -> Iterator[Seen]:
    """The tests of a folder that assert; what is defined inside of them, as probes are, is not looked at."""
    from grader.examination.collecting import functions, own_nodes

    for file in sorted(folder.glob("*.py")):
        for _, function in functions(ast.parse(file.read_bytes())):
            if function.name.startswith("test") and any(isinstance(node, ast.Assert) for node in own_nodes(function)):
                yield Seen("mute", function.name, "")
