"""What a student is asked for, by the course: what `validate` holds a notebook against."""

from __future__ import annotations

from grader.course.config import read_course
from grader.course.scheme import plain
from grader.languages.translating import ENGLISH
from grader.paths import Paths
from grader.sandbox.importable import importable
from grader.schema import Assignment
from grader.submission.validate import Asked, Released


def released(paths: Paths, assignment: Assignment) -> Released:
    """An assignment as a student knows it."""
    starter = paths.starter(assignment.id)
    language = read_course(paths).language if paths.course_toml.is_file() else ENGLISH
    return Released(
        assignment.id,
        tuple(Asked(item.id, item.title, plain(item.points), item.names, item.manual) for item in assignment.questions),
        modules=importable(paths),
        hidden_modules=assignment.hidden_modules,
        files=assignment.files,
        starter=starter.read_bytes() if starter.is_file() else b"",
        language=language,
    )
