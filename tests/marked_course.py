"""A portal over a course with two questions that people mark, in which three students have handed in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from essays import ESSAY, STARTER, handed_in, notebook
from portal_server import Server, course, form_key, hand_in, serving, soon

from grader.paths import Paths
from grader.record.store import Store

STAFF = "staff,role,name\nada,instructor,Ada\nben,assistant,Ben\nbea,assistant,Bea\ndan,assistant,Dan\n"
ESSAYS = {"ann": "Because exp(1000) overflows.\n\n<b>inf</b> / inf is nan.", "bob": "No idea.", "cy": "For luck."}


def essay_course(folder: Path, toml: str = "") -> Paths:
    """The portal's course, with an essay q7 (5 points) and a plot q8 (2.5 points)."""
    paths = course(folder, toml)
    asked = paths.assignment_toml("tiny")
    asked.write_text(asked.read_text() + ESSAY)
    paths.starter("tiny").write_bytes(notebook(*STARTER))
    paths.staff_csv.write_text(STAFF, encoding="utf-8")
    return paths


@contextmanager
def marked_course(folder: Path, toml: str = "") -> Iterator[Server]:
    """The portal, when Ann, Bob and Cy are graded, and the staff's pages know it."""
    with serving(essay_course(folder, toml)) as server:
        for student, essay in ESSAYS.items():
            hand_in(server.enter(student), handed_in(essay=essay, right=student != "bob"))
        ben = server.enter("ben", "staff")
        soon(lambda: "0 of 3" in ben.get("/m/tiny").text)
        yield server


def post(browser: httpx.Client, page: str, to: str, **form: object) -> httpx.Response:
    """Send a form as the page has it: with the key of the session, and what it is about."""
    there = browser.get(page)
    about = dict(re.findall(r'name="(answer|file)" value="([^"]*)"', there.text))
    return browser.post(to, data={"form_key": form_key(there), **about, **form})


def papers(browser: httpx.Client, question: str = "q7") -> dict[str, str]:
    """Name of a student -> the address of the paper, where names are shown."""
    row = r'href="(/m/tiny/q\d/\d+)">\d+</a></th><td><bdi>([^<]+)<'
    rows = re.findall(row, browser.get(f"/m/tiny/{question}").text)
    return {name.partition(" ")[0].lower(): place for place, name in rows}


def hidden(browser: httpx.Client, page: str, name: str = "seen") -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', browser.get(page).text)
    return found[1] if found else ""


def mark(browser: httpx.Client, place: str, **form: object) -> httpx.Response:
    """Give a mark on a paper, as it is seen now."""
    return post(browser, place, place, seen=hidden(browser, place), then="stay", **form)


def add_item(browser: httpx.Client, points: str, text: str, item: int = 0, question: str = "q7") -> httpx.Response:
    page = f"/m/tiny/{question}"
    return post(browser, page, f"{page}/rubric", item=item, points=points, text=text)  # item 0: a new one


def points_of(paths: Paths, student: str, question: str = "q7") -> object:
    """The points that count, as every command reads them."""
    from grader.bookkeeping.marking import Marking
    from grader.course.config import read_assignment

    with Store.open(paths.record, read_only=True) as store:
        stored = store.current_attempt(student, "tiny")
        if stored is None:
            return "not graded yet"
        marking = Marking.read(paths, store, read_assignment(paths, "tiny"))
        return marking.completed(stored.attempt).points_of(question)
