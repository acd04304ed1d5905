"""Hidden tests whose verdict is made beside the student's code, by a probe: a claim of the sandbox, and no proof.

They carry `@pytest.mark.claim("why")`. An audit lists them, green or not: whoever defends a mark must know.
"""

from __future__ import annotations

import ast
from pathlib import Path


def claims(folder: Path) -> dict[str, str]:
    """Check -> why it cannot be judged outside, for every test of a folder that is marked so."""
    from grader.examination.collecting import functions

    found = {}
    for file in sorted(folder.rglob("*.py")):
        for _, function in functions(ast.parse(file.read_bytes())):
            for mark in function.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("mark.claim"):
                    why = mark.args[0] if mark.args else None
                    found[function.name] = str(why.value) if isinstance(why, ast.Constant) else ""
    return found
