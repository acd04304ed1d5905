"""`validate` and `pack`: what a student does before handing in. Neither Docker nor torch nor the course is needed."""

from __future__ import annotations

import argparse
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from grader.errors import UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.marks.marksheet import clean
from grader.submission import notebook, validate
from grader.submission.validate import Asked, Found

SAFE_ID = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."


def check(chosen: argparse.Namespace) -> int:
    """Say whether a notebook will be accepted, and what it has for each question."""
    assignment, questions = _asked(chosen.notebook)
    book, found = _look(chosen.notebook, questions)
    broken = validate.broken_cells(book)
    for line in _lines(found):
        print(clean(line))
    for line in [*broken, *book.notices]:
        print(clean(f"  note: {line}"))
    complete = sum(item.complete for item in found)
    print(
        f"{chosen.notebook.name} will be accepted for {assignment}: {complete} of {len(found)} questions are complete."
    )
    if complete < len(found):
        print("What is missing or not written yet is worth nothing; what is there is graded all the same.")
    return DONE if complete == len(found) and not broken else NEEDS_A_PERSON


def _lines(found: list[Found]) -> list[str]:
    lines = []
    for item in found:
        mark = "ok" if item.complete else "--"
        lines.append(f"{mark} {item.question.id:4} {item.question.title} ({item.question.points} points)")
        if item.stubs:
            lines.append(f"        not written yet: {', '.join(item.stubs)}")
        lines += [f"        {sentence}" for sentence in item.missing]
    return lines


def _asked(file: Path) -> tuple[str, tuple[Asked, ...]]:
    """What is asked for: from the manifest beside the notebook, else from the course this is run in."""
    manifest = file.resolve().parent / "manifest.json"
    if manifest.is_file():
        return validate.asked_by_manifest(manifest)
    from grader.course.config import assignment_ids, read_assignment
    from grader.course.scheme import plain
    from grader.paths import Paths, find_root

    try:
        paths = Paths(find_root())
    except UsageError:
        raise UsageError(
            f"no manifest.json beside {file.name}: keep the notebook in the folder that came out of the zip"
        ) from None
    known = [name for name in assignment_ids(paths) if file.stem.startswith(name)]
    if not known:
        raise UsageError(f"which assignment is {file.name}? There is: {', '.join(assignment_ids(paths))}")
    assignment = read_assignment(paths, known[0])
    asked = [Asked(item.id, item.title, plain(item.points), item.names) for item in assignment.questions]
    return assignment.id, tuple(asked)


def _look(file: Path, questions: tuple[Asked, ...]) -> tuple[notebook.Notebook, list[Found]]:
    book = notebook.read(validate.require_notebook(file), file.name)
    return book, validate.look(book, questions)


def pack(chosen: argparse.Namespace) -> int:
    """Make the zip to hand in, and a receipt that says what is in it."""
    from grader.authoring.release import zipped

    if not chosen.student or set(chosen.student) - set(SAFE_ID):
        raise UsageError(f"--student {chosen.student!r}: letters, digits, '-', '_' and '.' only, as on your roster")
    assignment, questions = _asked(chosen.notebook)
    content = validate.require_notebook(chosen.notebook)
    _, found = _look(chosen.notebook, questions)
    files = {f"{assignment}{chosen.notebook.suffix.lower()}": content}
    for extra in (*chosen.more, *chosen.extra):
        if extra.name in files:
            raise UsageError(f"{extra}: there is a file of that name already")
        files[extra.name] = validate.require_notebook(extra)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    receipt = {
        "assignment": assignment,
        "student": chosen.student,
        "packed": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": digests,
        "complete": [item.question.id for item in found if item.complete],
        "incomplete": [item.question.id for item in found if not item.complete],
    }
    text = json.dumps(receipt, indent=1, ensure_ascii=False) + "\n"
    target = (chosen.out or chosen.notebook.parent) / f"{chosen.student}_{assignment}.zip"
    target.write_bytes(zipped(chosen.student, {**files, "receipt.json": text.encode()}))
    print(target)
    print(f"sha256 {hashlib.sha256(target.read_bytes()).hexdigest()}")
    for name, digest in digests.items():
        print(f"  {name}  {digest}")
    return DONE
