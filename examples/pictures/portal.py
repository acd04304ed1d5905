"""The pages of a course's portal that pictures are made of: their addresses, and who is signed in there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from grader.course.staff import Role
from grader.paths import Paths
from grader.portal.people import People
from grader.portal.portal import database_of
from grader.portal.signing_in import Doors

STARTS_WITHIN_S = 60.0
OPTIONS = ("--port", "0", "--sandbox", "process", "--workers", "1")
KEY = re.compile(r'name="form_key" value="([^"]+)"')


@dataclass(frozen=True)
class Place:
    """One page: where it is, the cookies of whoever looks at it, and its HTML."""

    address: str
    cookies: dict[str, str]
    text: str


@contextmanager
def served(paths: Paths, assignment: str, student: str, upload: bytes) -> Iterator[dict[str, Place]]:
    """Start the portal, and name its pages as long as it runs.

    upload: what the student uploads and does not hand in
    """
    environment = {**os.environ, "GRADER_COURSE": str(paths.root), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "grader.cli", "serve", *OPTIONS]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield _places(paths, _address(process), assignment, student, upload)
    finally:
        process.terminate()
        process.communicate(timeout=STARTS_WITHIN_S)


def _address(process: subprocess.Popen[str]) -> str:
    """Where the portal answers, as it says itself."""
    assert process.stdout is not None
    first = process.stdout.readline()
    found = re.search(r"http://[^/\s]+", first)
    if not found:
        raise SystemExit(f"the portal did not start: {first}{process.stdout.read()}")
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        try:
            if httpx.get(f"{found[0]}/sign-in").status_code == 200:
                return found[0]
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the portal does not answer")


def _places(paths: Paths, address: str, assignment: str, student: str, upload: bytes) -> dict[str, Place]:
    assistant, instructor = (People(paths).of(role)[0].id for role in (Role.ASSISTANT, Role.INSTRUCTOR))
    seen = {}
    with _entered(paths, address, "student", student) as browser:
        key = {"form_key": KEY.search(browser.get(f"/a/{assignment}").text)[1]}  # type: ignore[index]
        file = {"file": (f"{assignment}.ipynb", upload)}
        draft = browser.post(f"/a/{assignment}/upload", data=key, files=file).headers["location"]
        seen["portal: an upload"] = _seen(browser, draft)
    with _entered(paths, address, "staff", assistant) as browser:
        seen["portal: an attempt"] = _seen(browser, f"/s/{assignment}/attempt?student={student}")
    with _entered(paths, address, "staff", instructor) as browser:
        seen["portal: publishing"] = _seen(browser, "/publish")
    return seen


@contextmanager
def _entered(paths: Paths, address: str, kind: str, who: str) -> Iterator[httpx.Client]:
    """A browser in which somebody is signed in."""
    people = People(paths)
    person = people.find(kind, who)
    if person is None:
        raise SystemExit(f"nobody is called {who}")
    database = database_of(paths)
    secret = Doors(database, people).invite(person)
    database.close()
    with httpx.Client(base_url=address, timeout=60) as browser:
        browser.post(f"/in/{secret}")
        yield browser


def _seen(browser: httpx.Client, path: str) -> Place:
    answer = browser.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path} answers {answer.status_code}")
    return Place(f"{browser.base_url}".rstrip("/") + path, dict(browser.cookies), answer.text)
