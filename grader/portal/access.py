"""What a student may see of an assignment now: the course's decision, publication, the student's own deadline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grader.course.showing import Shown
from grader.portal.database import Database, now, read, written
from grader.portal.now import Now


@dataclass(frozen=True)
class Publication:
    """The last decision about an assignment's marks."""

    published: bool
    reason: str
    who: str
    made: datetime


class Access:
    def __init__(self, database: Database, course: Now) -> None:
        self.database, self.course = database, course

    def publication(self, assignment: str) -> Publication | None:
        rows = self.database.select(
            "SELECT published, reason, who, made FROM publications WHERE assignment = ? ORDER BY id DESC LIMIT 1",
            assignment,
        )
        return next((Publication(bool(on), reason, who, read(made)) for on, reason, who, made in rows), None)

    def publish(self, assignment: str, on: bool, reason: str, who: str) -> None:
        """Publish an assignment's marks, or take them back; students see it at once."""
        with self.database.transaction():
            self.database.insert(
                "publications", assignment=assignment, published=int(on), reason=reason, who=who, made=written(now())
            )
            self.database.note(who, f"{'published' if on else 'took back'} {assignment}", reason)

    def deadline(self, student: str, assignment: str) -> datetime | None:
        """Until when a student may hand in, by extensions.csv too."""
        return self.course.state.deadlines.of(student, assignment)

    def shown(self, student: str, assignment: str) -> Shown:
        """How much a student sees of an assignment now."""
        publication = self.publication(assignment)
        published = publication.published if publication else None
        showing = self.course.state.course.showing(assignment)
        return showing.now(now(), self.deadline(student, assignment), published)

    def visible(self, student: str) -> frozenset[str]:
        """The assignments of which a student sees the points."""
        return frozenset(name for name in self.course.state.assignments if self.shown(student, name) >= Shown.POINTS)

    def note_reading(self, student: str, assignment: str) -> None:
        self.database.change(
            "INSERT OR IGNORE INTO readings (student, assignment, made) VALUES (?, ?, ?)",
            student,
            assignment,
            written(now()),
        )

    def read_by(self, assignment: str) -> dict[str, datetime]:
        """Student -> when the marks were looked at first."""
        rows = self.database.select("SELECT student, made FROM readings WHERE assignment = ?", assignment)
        return {student: read(made) for student, made in rows}
