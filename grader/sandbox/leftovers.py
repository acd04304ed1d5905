"""What a killed run may leave behind, and taking it away: containers, folders and groups whose owner is dead."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from grader.sandbox import memory_group
from grader.sandbox.engine import connect

LINKED = "shared"  # in a folder of ours: a link to the one that a container sees


def owner_label() -> str:
    """Who made a container: process id and start time, so that a process id used again is not taken for it."""
    return f"{os.getpid()}:{_start_time(os.getpid())}"


def reap() -> list[str]:
    """Remove containers and folders whose owner is dead; return their names."""
    import docker.errors

    gone = []
    with connect() as client:
        for container in client.api.containers(all=True, filters={"label": "grader.owner"}):
            if not owner_alive(container["Labels"]["grader.owner"]):
                with contextlib.suppress(docker.errors.APIError):  # on its way already
                    client.api.remove_container(container["Id"], force=True)
                gone.append(container["Names"][0].lstrip("/"))
    return gone + sweep()


def sweep() -> list[str]:
    """Remove folders, and groups for memory, whose owner is dead; return their names."""
    gone = []
    for folder in Path(tempfile.gettempdir()).glob("grader-[0-9]*-*"):
        if _is_nobodys(folder):
            remove_folder(folder)
            gone.append(folder.name)
    for group in memory_group.left_behind():
        if _is_nobodys(group):
            with contextlib.suppress(OSError):  # its last process is on its way
                group.rmdir()
                gone.append(group.name)
    return gone


def _is_nobodys(folder: Path) -> bool:
    """Whether whoever made `grader-PROCESS-...` is dead."""
    owner = folder.name.split("-")[1]
    return owner.isdigit() and not _start_time(int(owner))


def remove_folder(folder: Path) -> None:
    """Remove one of our folders, and what it links to."""
    with contextlib.suppress(OSError):
        shutil.rmtree(os.readlink(folder / LINKED), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def owner_alive(owner: str) -> bool:
    """Whether the process of an `owner_label` of this machine is still there."""
    pid, _, started = owner.partition(":")
    return pid.isdigit() and _start_time(int(pid)) == started


def _start_time(pid: int) -> str:
    """When a process started, in clock ticks since boot; "" if there is none, or it is over and not collected yet."""
    with contextlib.suppress(OSError):
        state, *values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if state in ("Z", "X") else values[18]
    return ""
