"""Find submissions in files and folders: `STUDENT.ipynb`, `STUDENT/anything.ipynb`, or a single file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from grader.errors import UsageError
from grader.schema import Submission

NOTEBOOK = (".ipynb", ".py")
LEFT_BY_SYSTEMS = ("__MACOSX", ".ipynb_checkpoints", "__pycache__", "Thumbs.db", "desktop.ini")
MAX_EXTRA_BYTES = 20 << 20  # of all extra files of a student together


def submissions(assignment_id: str, places: list[Path]) -> tuple[list[Submission], list[str]]:
    """Read what `places` hold: the submissions, one per student, and what a person should know about how they were
    found.

    Raises UsageError for a place that does not exist or holds nothing, and where a student is found twice.
    """
    found: dict[str, Submission] = {}
    notes: list[str] = []
    for place in places:
        if not place.exists():
            raise UsageError(f"{place}: there is no such file or folder")
        here = list(_in_folder(assignment_id, place, notes)) if place.is_dir() else [_of_file(assignment_id, place)]
        if not here:
            raise UsageError(f"{place} holds no submission; expected STUDENT.ipynb or STUDENT/{assignment_id}.ipynb")
        for submission in here:
            if submission.student in found:
                raise UsageError(
                    f"{submission.student} is found twice: {found[submission.student].filename} and "
                    f"{submission.filename} in {place}; keep one of them"
                )
            found[submission.student] = submission
    return [found[student] for student in sorted(found)], notes


def _in_folder(assignment_id: str, folder: Path, notes: list[str]) -> Iterator[Submission]:
    for entry in sorted(folder.iterdir()):
        if _skipped(entry):
            continue
        if entry.is_dir():
            yield _of_student(assignment_id, entry, notes)
        elif entry.suffix.lower() in NOTEBOOK:
            yield _of_file(assignment_id, entry)
        else:
            notes.append(f"{entry.name} is neither a notebook nor a student's folder; left alone")


def _of_file(assignment_id: str, file: Path) -> Submission:
    return Submission(file.stem, assignment_id, file.name, file.read_bytes())


def _of_student(assignment_id: str, folder: Path, notes: list[str]) -> Submission:
    """The notebook in a student's folder: the one named for the assignment, else the newest; else whatever is there."""
    student = folder.name
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not _hidden_below(file, folder)]
    notebooks = [file for file in files if file.suffix.lower() in NOTEBOOK]
    named = [file for file in notebooks if file.stem == assignment_id]
    if named:
        chosen = max(named, key=lambda file: (file.suffix == ".ipynb", file.name))
    elif notebooks:
        chosen = max(notebooks, key=lambda file: (file.suffix == ".ipynb", file.stat().st_mtime, file.name))
    elif files:
        chosen = max(files, key=lambda file: file.stat().st_size)
    else:
        notes.append(f"{student}: the folder is empty")
        return Submission(student, assignment_id, f"{assignment_id}.ipynb", b"")
    rivals = [file.name for file in notebooks if file.suffix == ".ipynb" and file != chosen]
    if rivals:
        notes.append(f"{student}: {chosen.name} is used, not {', '.join(rivals)}")
    return Submission(student, assignment_id, chosen.name, chosen.read_bytes(), _extras(folder, files, chosen))


def _extras(folder: Path, files: list[Path], chosen: Path) -> tuple[tuple[str, bytes], ...]:
    """The other files of a student, as long as they are small together: a helper module, a weights file."""
    extras, total = [], 0
    for file in files:
        if file == chosen or file.suffix == ".ipynb":
            continue
        total += file.stat().st_size
        if total > MAX_EXTRA_BYTES:
            break
        extras.append((file.relative_to(folder).as_posix(), file.read_bytes()))
    return tuple(extras)


def _skipped(entry: Path) -> bool:
    return entry.name.startswith(".") or entry.name in LEFT_BY_SYSTEMS or entry.is_symlink()


def _hidden_below(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") or part in LEFT_BY_SYSTEMS for part in file.relative_to(folder).parts) or (
        file.is_symlink()
    )
