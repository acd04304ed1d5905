"""Where the pages of a report lie, and links between them. What is not written is named and not linked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from grader.pages.markup import Html, el, joined

COURSE = "report.html"
STUDENTS = "students"
SHEET = "report.css"
NONE_NOTED: Mapping[str, str] = {}


@dataclass(frozen=True)
class Check:
    """Where a check stands among all of its assignment, and the hint that it usually gives, and to how many."""

    place: int
    hint: str = ""
    given: int = 0

    @property
    def anchor(self) -> str:
        return f"c{self.place}"


@dataclass(frozen=True)
class Links:
    """The pages that are written, as seen from one of them; `up` leads from there to the report's folder.

    checks: assignment -> name of a check -> where it stands on the assignment's page, with its hint
    """

    course: bool
    assignments: tuple[str, ...]
    students: frozenset[str]
    up: str = ""
    names: Mapping[str, str] = field(default_factory=dict)  # of students, as far as the roster says
    checks: Mapping[str, Mapping[str, Check]] = field(default_factory=dict)

    @property
    def sheet(self) -> str:
        """Where the style sheet of all pages lies; "" for a page that is written alone."""
        return f"{self.up}{SHEET}" if self.course else ""

    def below(self) -> Links:
        """The same pages as seen from a student's page."""
        return replace(self, up="../")

    def to_course(self, text: str) -> Html:
        return self._to(COURSE if self.course else "", text)

    def to_assignment(self, assignment_id: str, text: str = "", part: str = "") -> Html:
        there = assignment_id in self.assignments
        return self._to(f"{assignment_page(assignment_id)}{part}" if there else "", text or assignment_id)

    def check(self, assignment_id: str, name: str) -> Check | None:
        return self.checks.get(assignment_id, {}).get(name)

    def to_check(self, assignment_id: str, name: str, text: str) -> Html:
        check = self.check(assignment_id, name)
        return self.to_assignment(assignment_id, text, f"#{check.anchor}") if check else joined([text])

    def to_student(self, student: str) -> Html:
        return self._to(student_page(student) if student in self.students else "", student)

    def to_named(self, student: str) -> Html:
        """The id, which leads to the page, and the name."""
        name = self.names.get(student, "")
        return joined([self.to_student(student), " ", el("bdi", name, class_="dim name") if name else None])

    def to_students(self, students: tuple[str, ...], noted: Mapping[str, str] = NONE_NOTED) -> Html:
        """noted: what stands in brackets behind some of them"""
        each = (joined([self.to_student(name), f" ({noted[name]})" if name in noted else None]) for name in students)
        return joined(each, ", ")

    def _to(self, page: str, text: str) -> Html:
        return el("a", text, href=f"{self.up}{page}") if page else joined([text])


def assignment_page(assignment_id: str) -> str:
    """Ids are made of a-z, 0-9 and _; no other page is called like that."""
    return f"assignment_{assignment_id}.html"


def student_page(student: str) -> str:
    """A name made from the id's digest: an id may hold anything, file names may not."""
    digest = sha256(student.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{STUDENTS}/s-{digest}.html"
