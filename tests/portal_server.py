"""A portal over a small course, as the command starts it: a process of its own on a loopback port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
from tiny import small_course

from grader.course.staff import Role
from grader.paths import Paths
from grader.portal.people import People
from grader.portal.portal import database_of
from grader.portal.signing_in import Doors

ROSTER = "student,name,email\nann,Ann Ámos,ann@example.org\nbob,Bob,\ncy,Cy,\ndee,Dee,\neve,Eve,\nzoë/../x,Zoë,\n"
TEAMS = "team,student\nred,dee\nred,eve\n"
STAFF = "staff,role,name\nada,instructor,Ada\nben,assistant,Ben\n"
IN_PROCESSES = ("--sandbox", "process", "--workers", "1")


def course(folder: Path, toml: str = "") -> Paths:
    """The small course with a roster and a staff. toml: is added to course.toml"""
    paths = small_course(folder)
    paths.roster_csv.write_text(ROSTER, encoding="utf-8")
    paths.teams_csv.write_text(TEAMS, encoding="utf-8")
    paths.staff_csv.write_text(STAFF, encoding="utf-8")
    text = paths.course_toml.read_text()
    paths.course_toml.write_text(f'timezone = "Asia/Kolkata"\n{text}\n{toml}')
    return paths


@dataclass
class Server:
    """A portal that runs. `lines`: what it printed when it began"""

    paths: Paths
    process: subprocess.Popen[str]
    address: str
    lines: list[str] = field(default_factory=list)
    browsers: list[httpx.Client] = field(default_factory=list)

    def browser(self, cookies: dict[str, str] | None = None) -> httpx.Client:
        self.browsers.append(httpx.Client(base_url=self.address, timeout=30, cookies=cookies))
        return self.browsers[-1]

    def close(self) -> None:
        for browser in self.browsers:
            browser.close()

    def enter(self, person: str, kind: str = "student") -> httpx.Client:
        """A browser in which somebody is signed in."""
        people = People(self.paths)
        found = people.find(kind, person)
        assert found is not None
        database = database_of(self.paths)
        secret = Doors(database, people).invite(found)
        database.close()
        browser = self.browser()
        assert browser.post(f"/in/{secret}").status_code == 303
        return browser

    def token(self, person: str, *scopes: str, kind: str = "student") -> dict[str, str]:
        """The header with which a program asks in somebody's name."""
        people = People(self.paths)
        found = people.find(kind, person)
        assert found is not None
        database = database_of(self.paths)
        secret = Doors(database, people).issue(found, "a test", scopes, timedelta(hours=1))
        database.close()
        return {"authorization": f"Bearer {secret}"}

    def as_role(self, role: Role | None) -> httpx.Client:
        who = {Role.STUDENT: ("ann", "student"), Role.ASSISTANT: ("ben", "staff"), Role.INSTRUCTOR: ("ada", "staff")}
        return self.enter(*who[role]) if role else self.browser()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def begin(paths: Paths, *options: str, start: Sequence[str] = (sys.executable, "-m", "grader.cli")) -> Server:
    command = [*start, "serve", "--port", "0", *(options or IN_PROCESSES)]
    environment = {**os.environ, "GRADER_COURSE": str(paths.root), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=paths.root
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    found = re.search(r"http://[^/\s]+", first)
    assert found, first + process.stdout.read()
    server = Server(paths, process, found[0], [first])
    with httpx.Client(base_url=server.address) as browser:
        soon(lambda: _answers(browser))
    return server


def _answers(browser: httpx.Client) -> bool:
    try:
        return browser.get("/sign-in").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def serving(paths: Paths, *options: str) -> Iterator[Server]:
    server = begin(paths, *options)
    try:
        yield server
    finally:
        server.close()
        server.process.terminate()
        server.process.communicate(timeout=60)


def soon(what: Callable[[], object], within_s: float = 60.0) -> object:
    """What something says as soon as it is true."""
    until = time.monotonic() + within_s
    while not (found := what()):
        assert time.monotonic() < until, "it did not come true"
        time.sleep(0.05)
    return found


def form_key(page: httpx.Response) -> str:
    found = re.search(r'name="form_key" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def upload(browser: httpx.Client, content: bytes, filename: str = "tiny.ipynb") -> httpx.Response:
    """What the portal answers to an upload."""
    key = form_key(browser.get("/a/tiny"))
    return browser.post("/a/tiny/upload", data={"form_key": key}, files={"file": (filename, content)})


def hand_in(browser: httpx.Client, content: bytes, filename: str = "tiny.ipynb") -> int:
    """Hand something in; returns the number of the receipt."""
    draft = upload(browser, content, filename)
    assert draft.status_code == 303, draft.text
    page = browser.get(draft.headers["location"])
    assert page.status_code == 200, page.text
    done = browser.post(draft.headers["location"], data={"form_key": form_key(page)})
    assert done.status_code == 303, done.text
    return int(done.headers["location"].rpartition("/")[2])


PROJECT = """
[[component]]
id = "project"
title = "Project"
weight = 20
bonus = true
columns = ["kaggle", "short"]
"""
COMPETITION = """
title = "Cats and dogs"
about = "What is on <b>each</b> picture?"
metric = "accuracy"
classes = ["cat", "dog"]
prediction = "animal"
deadline = {deadline}
entries_a_day = 3
files = ["test.csv"]

[[baseline]]
name = "All cats"
file = "cats.csv"

[[mark]]
baseline = "All cats"
points = 40
[[mark]]
score = 0.9
points = 100
"""
ROWS = 40  # the first half is public
ANIMALS = ("cat", "dog")


def right(row: int) -> str:
    """What is on a picture: a third are dogs, so that a part is not like the other."""
    return ANIMALS[row % 3 == 0]


def competition(paths: Paths, name: str = "kaggle", deadline: str = "2090-01-01T12:00:00", text: str = "") -> Path:
    """A competition of the course, or the same one with another deadline; returns its folder."""
    folder = paths.competition(name)
    (folder / "public").mkdir(parents=True, exist_ok=True)
    rows = [f"r{row:02},{right(row)},{'public' if row < ROWS // 2 else 'private'}" for row in range(ROWS)]
    (folder / "labels.csv").write_text("\n".join(["id,animal,part", *rows]) + "\n")
    (folder / "cats.csv").write_text(predicted(set(range(ROWS)), wrong=lambda row: "cat").decode())
    (folder / "public" / "test.csv").write_text("id,pixels\nr00,7\n")
    (folder / "competition.toml").write_text((text or COMPETITION).format(deadline=deadline))
    return folder


def predicted(missed: Collection[int], wrong: Callable[[int], str] = lambda row: ANIMALS[row % 3 != 0]) -> bytes:
    """Predictions that are right but for the rows that are missed."""
    cells = [f"r{row:02},{wrong(row) if row in missed else right(row)}" for row in range(ROWS)]
    return "\n".join(["id,animal", *cells, ""]).encode()
