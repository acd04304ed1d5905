"""The Docker engine: a client that answers, or an error that says how to get one."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from grader.errors import MachineryError

if TYPE_CHECKING:
    from docker import DockerClient

DEFAULT_HOST = "unix:///var/run/docker.sock"
NOT_RUNNING = (
    "Docker is not running; start it with: systemctl start docker (elsewhere: open Docker Desktop); "
    "where it is not installed: make setup (as root on Debian or Ubuntu), or see docs/setup.md. "
    "Without it, --sandbox process grades here, less isolated (grader doctor)"
)
NOT_ALLOWED = (
    "you may not use Docker's socket; as an administrator run: usermod -aG docker YOU, then log in again. "
    "Without it, --sandbox process grades here, less isolated (grader doctor)"
)


@contextmanager
def connect(timeout_s: int = 60) -> Iterator[DockerClient]:
    """A client whose engine has answered, closed at the end; MachineryError where there is none.

    timeout_s: how long one answer, or the next part of a streamed one, may take.
    """
    import docker
    from docker.errors import DockerException

    try:
        _knock(os.environ.get("DOCKER_HOST") or DEFAULT_HOST)
        client = docker.from_env(timeout=timeout_s)  # asks the engine for its version
    except PermissionError:
        raise MachineryError(NOT_ALLOWED) from None
    except (DockerException, OSError):
        raise MachineryError(NOT_RUNNING) from None
    try:
        yield client
    finally:
        client.close()


def _knock(host: str) -> None:
    """Raise OSError when nobody listens on a local engine's socket; the Docker SDK would leave its own socket open."""
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as knock:
            knock.connect(host.removeprefix("unix://"))


def is_podman(client: DockerClient) -> bool:
    """Whether the engine is Podman, which answers as Docker does but for a few things."""
    return any("podman" in str(part.get("Name")).lower() for part in client.version().get("Components") or ())


def first_line(error: object) -> str:
    """The first line of what the engine, or anything else, complains about."""
    return str(error).strip().partition("\n")[0]
