"""Frames over a socket: a length, then as many bytes."""

from __future__ import annotations

import socket
import time

from grader.wire.form import (
    LENGTH,
    WireError,
)

SMALL_BYTES = 1 << 16


def send_frame(stream: socket.socket, payload: bytes) -> None:
    """Send one frame, a small one in one go, so that the other side wakes up once; obeys the socket's timeout."""
    if len(payload) < SMALL_BYTES:
        return stream.sendall(LENGTH.pack(len(payload)) + payload)
    stream.sendall(LENGTH.pack(len(payload)))
    return stream.sendall(payload)


def receive_frame(stream: socket.socket, limit_bytes: int, deadline: float | None = None) -> bytes:
    """Receive one frame before `deadline` (time.monotonic).

    Raises EOFError when the other side is gone, TimeoutError after the deadline, WireError for a length over the limit.
    """
    (size,) = LENGTH.unpack(_receive(stream, 4, deadline))
    if size > limit_bytes:
        raise WireError(f"a frame of {size} bytes where at most {limit_bytes} can be")
    return _receive(stream, size, deadline)


def _receive(stream: socket.socket, size: int, deadline: float | None) -> bytes:
    buffer = bytearray()
    while len(buffer) < size:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            stream.settimeout(left)
        part = stream.recv(min(size - len(buffer), 1 << 20))
        if not part:
            raise EOFError
        buffer += part
    return bytes(buffer)
