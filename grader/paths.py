"""Every path on disk. `Paths(root)` is the course folder, the one that holds `course.toml`.

The program and a course are two things. What belongs to the program and is no Python (the image's Dockerfile and pins,
the assignments that a new course may begin with) lies in `SHIPPED`; a course may have its own Dockerfile and pins.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError

PACKAGE = Path(__file__).resolve().parent
IN_THE_WHEEL = PACKAGE / "shipped"
SHIPPED = IN_THE_WHEEL if IN_THE_WHEEL.is_dir() else PACKAGE.parent  # a wheel holds it as it lies in a checkout


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
    def staff_csv(self) -> Path:
        """Assistants and instructors, who may sign in to the portal."""
        return self.root / "staff.csv"

    @property
    def roster_aliases_csv(self) -> Path:
        """Names that learning platforms use for people and groups of the roster, as staff settled them."""
        return self.root / "roster_aliases.csv"

    @property
    def teams_csv(self) -> Path:
        """Who hands in together."""
        return self.root / "teams.csv"

    @property
    def extensions_csv(self) -> Path:
        """Later deadlines for students, groups and teams."""
        return self.root / "extensions.csv"

    @property
    def marks_folder(self) -> Path:
        """CSV files with marks that are not graded here (exams, project, assignments of before)."""
        return self.root / "marks"

    def manual_csv(self, assignment_id: str) -> Path:
        """The marks that people give for the questions of an assignment which no test can judge."""
        return self.root / "manual" / f"{assignment_id}.csv"

    @property
    def assignments(self) -> Path:
        return self.root / "assignments"

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    @property
    def competitions(self) -> Path:
        """Each in a folder of its own; what students may download lies in its public/."""
        return self.root / "competitions"

    def competition(self, competition_id: str) -> Path:
        return self.competitions / competition_id

    def assignment(self, assignment_id: str) -> Path:
        return self.assignments / assignment_id

    def assignment_toml(self, assignment_id: str) -> Path:
        return self.assignment(assignment_id) / "assignment.toml"

    def starter(self, assignment_id: str) -> Path:
        return self.assignment(assignment_id) / f"{assignment_id}.ipynb"

    def public_checks(self, assignment_id: str) -> Path:
        """The checks that students have: files of Otter, one a question; they give no points."""
        return self.assignment(assignment_id) / "tests"

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

    def whole(self, assignment_id: str) -> Path:
        """Complete right solutions, one file each, written by others than the master's author."""
        return self.solutions / assignment_id / "whole"

    @property
    def state(self) -> Path:
        """What grading remembers; not in version control."""
        return self.root / ".grader"

    @property
    def record(self) -> Path:
        return self.state / "record.sqlite"

    @property
    def clusters(self) -> Path:
        """What commands that run on a cluster show of it, a file each."""
        return self.state / "clusters"

    @property
    def jobs(self) -> Path:
        """What the jobs of a batch system printed."""
        return self.state / "jobs"

    @property
    def portal(self) -> Path:
        """What the portal keeps: its own database, and the files that were handed in, as they came."""
        return self.state / "portal"

    @property
    def secret(self) -> Path:
        """The course's secret, from which the seeds of hidden inputs come."""
        return self.state / "secret"

    def audit(self, assignment_id: str) -> Path:
        """What the last whole audit of an assignment said."""
        return self.state / "audits" / f"{assignment_id}.json"

    def release(self, assignment_id: str) -> Path:
        """The id of the last release of an assignment."""
        return self.state / "releases" / f"{assignment_id}.txt"

    @property
    def dockerfile(self) -> Path:
        """The course's own, or the program's."""
        return self._own_or_shipped("autograder.Dockerfile")

    @property
    def image_pins(self) -> Path:
        """The exact versions inside the image: the course's own, or the program's."""
        return self._own_or_shipped("autograder.requirements.txt")

    def _own_or_shipped(self, name: str) -> Path:
        own = self.root / name
        return own if own.is_file() else SHIPPED / name


def cache_folder() -> Path:
    """Wheels, base images and build logs of all courses; may be deleted at any time. GRADER_CACHE overrides it."""
    override = os.environ.get("GRADER_CACHE")
    if override:
        return Path(override)
    from platformdirs import user_cache_path

    return user_cache_path("grader", appauthor=False)


def find_course(start: Path | None = None) -> Paths | None:
    """The course that holds `start`, if there is one."""
    try:
        return Paths(find_root(start))
    except UsageError:
        return None


def find_root(start: Path | None = None) -> Path:
    """The nearest folder, from `start` upwards, that holds a course.toml; GRADER_COURSE overrides it."""
    override = os.environ.get("GRADER_COURSE")
    here = Path(override) if override else (start or Path.cwd())
    here = here.resolve()
    for folder in [here] if override else [here, *here.parents]:
        if (folder / "course.toml").is_file():
            return folder
    raise UsageError(
        f"no course.toml in {here}{'' if override else ' or above it'}; go to the course's folder, set GRADER_COURSE, "
        "or begin a course: grader init"
    )
