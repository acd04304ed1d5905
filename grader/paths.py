"""Every path on disk. `Paths(root)` is the course folder, the one that holds `course.toml`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError

PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Paths:
    root: Path

    @property
    def course_toml(self) -> Path:
        return self.root / "course.toml"

    @property
    def roster_csv(self) -> Path:
        return self.root / "roster.csv"

    @property
    def roster_aliases_csv(self) -> Path:
        """Names that learning platforms use for people and groups of the roster, as staff settled them."""
        return self.root / "roster_aliases.csv"

    @property
    def marks_folder(self) -> Path:
        """CSV files with marks that are not graded here (exams, project, assignments of before)."""
        return self.root / "marks"

    @property
    def assignments(self) -> Path:
        return self.root / "assignments"

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    def assignment(self, assignment_id: str) -> Path:
        return self.assignments / assignment_id

    def assignment_toml(self, assignment_id: str) -> Path:
        return self.assignment(assignment_id) / "assignment.toml"

    def starter(self, assignment_id: str) -> Path:
        return self.assignment(assignment_id) / f"{assignment_id}.ipynb"

    def hidden_tests(self, assignment_id: str) -> Path:
        return self.assignment(assignment_id) / "hidden"

    def reference(self, assignment_id: str) -> Path:
        """Where the master begins, in percent format; the master is also the reference solution."""
        return self.solutions / assignment_id / f"{assignment_id}.py"

    def questions(self, assignment_id: str) -> Path:
        """Where the master goes on, one file a question."""
        return self.solutions / assignment_id / "questions"

    def wrong(self, assignment_id: str) -> Path:
        return self.solutions / assignment_id / "wrong"

    def right(self, assignment_id: str) -> Path:
        return self.solutions / assignment_id / "right"

    @property
    def state(self) -> Path:
        """What grading remembers; not in version control."""
        return self.root / ".grader"

    @property
    def record(self) -> Path:
        return self.state / "record.sqlite"

    @property
    def secret(self) -> Path:
        """The course's secret, from which the seeds of hidden inputs come."""
        return self.state / "secret"

    def audit(self, assignment_id: str) -> Path:
        """What the last whole audit of an assignment said."""
        return self.state / "audits" / f"{assignment_id}.json"

    @property
    def dockerfile(self) -> Path:
        return self.root / "autograder.Dockerfile"

    @property
    def cache(self) -> Path:
        """Wheels, base images and build contexts; may be deleted at any time."""
        return self.root / ".cache"


def find_root(start: Path | None = None) -> Path:
    """The nearest folder, from `start` upwards, that holds a course.toml; GRADER_COURSE overrides it."""
    override = os.environ.get("GRADER_COURSE")
    here = Path(override) if override else (start or Path.cwd())
    here = here.resolve()
    for folder in [here] if override else [here, *here.parents]:
        if (folder / "course.toml").is_file():
            return folder
    raise UsageError(
        f"no course.toml in {here}{'' if override else ' or above it'}; go to the course's folder or set GRADER_COURSE"
    )
