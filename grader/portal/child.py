"""A process of the portal's own that is given orders and tells what comes of them, in lines of JSON."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

ENDS_WITHIN_S = 30.0


class Child:
    """Begun when it is first needed, and again when it ended. what: it is for, as in "the process that grades"."""

    def __init__(self, command: Sequence[str], what: str) -> None:
        self._command, self._what = list(command), what
        self._process: subprocess.Popen[str] | None = None

    def told(self, order: dict[str, object]) -> Iterator[dict[str, Any]]:
        """Give an order, and yield what is said until `ended` is: of "", or why it came to nothing."""
        process = self._process
        if process is None or process.poll() is not None:
            environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
            process = self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
            )
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
        except OSError:
            yield {"ended": f"{self._what} ended"}
            return
        for line in process.stdout:
            said = json.loads(line)
            yield said
            if "ended" in said:
                return
        yield {"ended": f"{self._what} ended"}

    def end(self) -> None:
        """End it; what is below it notices, and gives its containers back."""
        process = self._process
        if process is None:
            return
        with contextlib.suppress(OSError):
            process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=ENDS_WITHIN_S)
