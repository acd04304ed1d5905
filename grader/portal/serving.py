"""`grader serve` running: the server itself, the links it prints, its end."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from grader.course.staff import Role
from grader.errors import UsageError
from grader.paths import Paths
from grader.portal.people import People
from grader.portal.portal import Portal, Settings
from grader.portal.signing_in import SHOWN_FOR, Doors
from grader.record.database import make_folder

CLIENT_SECRET = "GRADER_OIDC_SECRET"
EVERYWHERE = ("0.0.0.0", "::", "")


def serve(
    paths: Paths,
    host: str,
    port: int,
    settings: Settings,
    grading: Sequence[str],
    slots: int,
    notes: Sequence[str] = (),
) -> int:
    """Serve until somebody ends it. Raises UsageError where the port is taken, or nobody knows the address.

    grading: options of the process that grades; notes: what is said at the start besides
    """
    import uvicorn

    from grader.portal.app import application

    if settings.header and not settings.proxy:
        raise UsageError("--header is believed from one proxy alone: name its address with --proxy")
    listening = listening_socket(host, port)
    alone = _only_one(paths)
    settings = replace(settings, address=checked_address(settings.address, host, listening.getsockname()[1]))
    portal = Portal(paths, settings, grading, slots)
    _address_file(paths).write_text(f"{settings.address}\n", encoding="utf-8")
    hosts = {"localhost", "127.0.0.1", "::1", host, urlsplit(settings.address).hostname or ""} - {*EVERYWHERE}
    config = uvicorn.Config(
        application(portal, hosts),
        access_log=False,  # addresses hold the secrets of links
        log_level="warning",
        server_header=False,
        proxy_headers=False,  # guards look at them
        timeout_graceful_shutdown=3,
        timeout_keep_alive=30,
        lifespan="on",
    )
    for line in (*_greeting(portal, settings), *notes):
        print(line, flush=True)
    uvicorn.Server(config).run(sockets=[listening])
    alone.close()
    return 0


def _only_one(paths: Paths) -> TextIO:
    """Hold the course's one place for a portal while the file is open. Raises UsageError where one runs."""
    make_folder(paths.state)
    make_folder(paths.portal)
    incoming = paths.portal / "incoming"  # what is uploaded is spooled to the course's disk, and not to memory
    shutil.rmtree(incoming, ignore_errors=True)
    make_folder(incoming)
    tempfile.tempdir = str(incoming)
    lock = (paths.portal / "serve.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read(20).strip() or "unknown"
        lock.close()
        raise UsageError(f"a portal of this course runs already (pid {holder}); end it, or use that one") from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def listening_socket(host: str, port: int) -> socket.socket:
    """A port of this machine; 0 is any that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # unnamed, asyncio leaves Nagle's delay on
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as problem:
        made.close()
        raise UsageError(f"{host}, port {port}: {problem.strerror}; another one: --port 8001") from None
    made.set_inheritable(False)
    return made


def _greeting(portal: Portal, settings: Settings) -> Iterator[str]:
    yield f"{portal.now.state.course.name}: {settings.address}/"
    if portal.doors.invited_anybody():
        yield "a link for one person: grader invite ID; for everybody: grader invite --all --out links.csv"
        return
    hours = SHOWN_FOR.seconds // 3600
    yield f"nobody was invited yet; links to look around with, each good once, for {hours} hours:"
    yield from links_of_roles(portal.doors, portal.people, settings.address)


def links_of_roles(doors: Doors, people: People, address: str) -> Iterator[str]:
    """A line with a link for one of each role."""
    for role in Role:
        person = next(iter(people.of(role)), None)
        if person is None:
            table = "roster.csv" if role is Role.STUDENT else "staff.csv"
            yield f"  {role.value:10} nobody is in {table}"
        else:
            secret = doors.invite(person, SHOWN_FOR, mailed=False)
            yield f"  {role.value:10} {address}/in/{secret}  ({person.called})"


def checked_address(address: str, host: str, port: int) -> str:
    """What people write into a browser. Raises UsageError where that cannot be known."""
    if not address:
        if host in EVERYWHERE:
            raise UsageError(f"--host {host} answers everywhere: say under which address, --address https://...")
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise UsageError(f"--address {address}: expected one like https://grader.example.org")
    return f"{parts.scheme}://{parts.netloc}"


def last_address(paths: Paths) -> str:
    """Under which address the course's portal is reached, as it began last; its usual one where it never did."""
    file = _address_file(paths)
    return file.read_text(encoding="utf-8").strip() if file.is_file() else "http://127.0.0.1:8000"


def _address_file(paths: Paths) -> Path:
    return paths.portal / "address"


def client_secret() -> str:
    """The secret for the OpenID provider, from the environment or a file that it names; children do not inherit it."""
    file, secret = os.environ.pop(f"{CLIENT_SECRET}_FILE", ""), os.environ.pop(CLIENT_SECRET, "")
    if not file:
        return secret
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"{CLIENT_SECRET}_FILE: {file} cannot be read: {problem}") from None


def needed() -> str:
    """What is to be installed before this works; "" where everything is there."""
    import importlib.util

    wanted = {"starlette": "starlette", "uvicorn": "uvicorn", "python_multipart": "python-multipart"}
    wanted["authlib"] = "authlib"
    missing = [name for module, name in wanted.items() if importlib.util.find_spec(module) is None]
    return ", ".join(missing)
