"""One request: who sent it, from which session, with what filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from grader.course.competition import Competition
from grader.course.config import did_you_mean
from grader.errors import UsageError
from grader.languages.translating import tr
from grader.portal.people import Person
from grader.portal.signing_in import Session
from grader.schema import Assignment

if TYPE_CHECKING:
    from starlette.requests import Request

    from grader.portal.portal import Portal


class NotThere(Exception):
    """There is no such page, assignment or student; or it is somebody else's, which is not said."""


@dataclass(frozen=True)
class Uploaded:
    """A file that came with a request, and when its last byte did."""

    filename: str
    stream: BinaryIO
    received: datetime


@dataclass(frozen=True)
class Visit:
    """What a page is made for. form: what was filled in;  new_secret: of a session that has just begun"""

    portal: Portal
    request: Request
    person: Person | None = None
    session: Session | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    uploaded: Uploaded | None = None
    new_secret: str = ""

    @property
    def me(self) -> Person:
        """Who is signed in, on pages where the table of routes lets nobody else in."""
        if self.person is None:
            raise UsageError(tr("sign in first"))
        return self.person

    def given(self, name: str, most: int = 4000) -> str:
        """What was filled in; "" where nothing was."""
        return self.form.get(name, "").strip()[:most]

    def needed(self, name: str, why: str) -> str:
        """What must be filled in. Raises UsageError."""
        if not self.given(name):
            raise UsageError(why)
        return self.given(name)

    @property
    def assignment(self) -> Assignment:
        """The assignment that the address names. Raises NotThere."""
        name = self.request.path_params["assignment"]
        known = self.portal.now.state.assignments
        if name not in known:
            raise NotThere(tr("no assignment {name}", name=repr(name)) + did_you_mean(name, list(known)))
        return known[name]

    @property
    def competition(self) -> Competition:
        """The competition that the address names. Raises NotThere."""
        name = self.request.path_params["competition"]
        found = self.portal.now.state.competitions.get(name)
        if found is None:
            raise NotThere(tr("no competition {name}", name=repr(name)))
        return found

    @property
    def most_mib(self) -> int:
        """Of a file that is sent to this address."""
        if "competition" in self.request.path_params:
            return self.competition.most_mib
        return self.portal.now.state.course.showing(self.assignment.id).most_mib

    @property
    def student(self) -> Person:
        """The student whom the address names; `?student=`. Raises NotThere."""
        name = self.request.query_params.get("student", "")
        found = self.portal.people.find("student", name)
        if found is None:
            raise NotThere(f"no student {name!r} on the roster")
        return found
