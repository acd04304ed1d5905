"""The Docker engine: a client that answers, or an error that says how to get one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from grader.errors import MachineryError

if TYPE_CHECKING:
    from docker import DockerClient

NOT_RUNNING = (
    "Docker is not running; start it with: systemctl start docker (elsewhere: open Docker Desktop); "
    "where it is not installed: make setup (as root on Debian or Ubuntu), or see docs/setup.md"
)
NOT_ALLOWED = "you may not use Docker's socket; as an administrator run: usermod -aG docker YOU, then log in again"


@contextmanager
def connect(timeout_s: int = 60) -> Iterator[DockerClient]:
    """A client whose engine has answered, closed at the end; MachineryError where there is none.

    timeout_s: how long one answer, or the next part of a streamed one, may take.
    """
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=timeout_s)  # asks the engine for its version
    except DockerException as error:
        raise MachineryError(NOT_ALLOWED if "Permission denied" in str(error) else NOT_RUNNING) from None
    try:
        yield client
    finally:
        client.close()


def first_line(error: object) -> str:
    """The first line of what the engine, or anything else, complains about."""
    return str(error).strip().partition("\n")[0]
