"""What student code prints: the last part is kept, the rest is counted and dropped, nobody ever waits for it."""

from __future__ import annotations

import collections
import io
import sys


class Ring(io.TextIOBase):
    """A text stream that keeps its last `limit` characters."""

    encoding = "utf-8"  # type: ignore[assignment]

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.parts: collections.deque[str] = collections.deque()
        self.kept = 0
        self.written = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        size = len(text)
        self.written += size
        self.parts.append(text[-self.limit :])
        self.kept += min(size, self.limit)
        while self.kept - len(self.parts[0]) >= self.limit:
            self.kept -= len(self.parts.popleft())
        return size

    def take(self) -> str:
        """Return what was kept since the last call, with a line that counts what was dropped, and start anew."""
        text = "".join(self.parts)[-self.limit :]
        dropped = self.written - len(text)
        self.parts.clear()
        self.kept = self.written = 0
        return f"[{dropped} characters before this were dropped]\n{text}" if dropped else text


def capture(limit: int) -> Ring:
    """Send stdout and stderr of this process into one ring."""
    ring = Ring(limit)
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = ring  # type: ignore[assignment,misc]
    return ring
