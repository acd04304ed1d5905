"""Starting: one portal a course, an address that people can type, and a sentence for what is missing."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import subprocess
import sys

import pytest
from portal_server import IN_PROCESSES, course

from grader.commands import serving as command
from grader.commands.serving import how_it_grades
from grader.errors import UsageError
from grader.execution.spec import PoolSpec
from grader.portal import serving
from grader.portal.portal import Settings
from grader.portal.serving import checked_address


@pytest.mark.parametrize(
    ("address", "host", "typed"),
    [
        ("", "127.0.0.1", "http://127.0.0.1:8000"),
        ("", "::1", "http://[::1]:8000"),
        ("https://grader.example.org/", "0.0.0.0", "https://grader.example.org"),
    ],
)
def test_the_address_is_what_people_type(address: str, host: str, typed: str):
    assert checked_address(address, host, 8000) == typed


@pytest.mark.parametrize(
    ("address", "host"), [("", "0.0.0.0"), ("grader.example.org", "::1"), ("https://x/y", "::1"), ("ftp://x", "::1")]
)
def test_an_address_that_nobody_can_type_is_refused(address: str, host: str):
    with pytest.raises(UsageError, match="--address"):
        checked_address(address, host, 8000)


def test_a_second_portal_of_a_course_says_that_there_is_one(portal):
    options = ["--port", "0", *IN_PROCESSES]
    done = subprocess.run(
        [sys.executable, "-m", "grader.cli", "serve", *options],
        cwd=portal.server.paths.root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and f"runs already (pid {portal.server.process.pid})" in done.stderr


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="--port 8001"):
        serving.serve(course(tmp_path), "127.0.0.1", taken.getsockname()[1], Settings(""), (), 1)


def test_an_answer_in_two_parts_is_not_held_back():
    async def answer(_, writer):
        connection = writer.get_extra_info("socket")
        writer.write(bytes([connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)]))
        writer.close()

    async def answered(listening: socket.socket) -> bytes:
        async with await asyncio.start_server(answer, sock=listening):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            said = await reader.read()
            writer.close()
        return said

    assert asyncio.run(answered(serving.listening_socket("127.0.0.1", 0))) == b"\x01"


def test_a_header_without_a_proxy_is_refused(tmp_path):
    with pytest.raises(UsageError, match="--proxy"):
        serving.serve(course(tmp_path), "127.0.0.1", 0, Settings("", header="X-Remote-User"), (), 1)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"serve needs starlette, uvicorn, python-multipart, authlib: pip install"):
        command.serve(None)


def test_it_says_what_it_grades_with_and_what_hinders_it(tmp_path, monkeypatch):
    assert list(how_it_grades(PoolSpec("process", gpus=(None, None)))) == [
        "grades with 2 slots in processes of this machine (grader doctor says how isolated)"
    ]
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    first, second = how_it_grades(PoolSpec())
    assert first == "grades with 1 slot in containers of grader:latest"
    assert second.startswith("hand-ins will not be graded until this is settled: Docker is not running")
