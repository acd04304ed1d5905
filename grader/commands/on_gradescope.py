"""What runs in Gradescope's container: one submission in, results.json out.

python -m grader.commands.on_gradescope ASSIGNMENT [--visibility WHEN] [--leaderboard] [--root /autograder]

The submission runs in the process sandbox, as a user of its own; the judgement is made outside of it, as everywhere.
What the machine failed at is no zero: the run ends with 1, and Gradescope says that the autograder failed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from grader.commands.exporting import VISIBILITY
from grader.commands.gradescope_results import results_document
from grader.commands.writing import write
from grader.course.config import read_assignment, read_course
from grader.exit_codes import DONE, NEEDS_A_PERSON, USAGE
from grader.feedback.names import slug
from grader.languages.recorded import recorded
from grader.languages.translating import mark, speaking, tr
from grader.paths import Paths, find_root
from grader.record.store import Store
from grader.schema import Assignment, Attempt, Status

UNFINISHED = mark("Grading has not finished. If you read this, tell the staff: it is no fault of yours, and no mark.")


def main(arguments: list[str] | None = None) -> int:
    """Grade /autograder/submission and write /autograder/results/results.json; return the exit code."""
    parser = argparse.ArgumentParser(prog="on_gradescope")
    parser.add_argument("assignment")
    parser.add_argument("--visibility", choices=VISIBILITY, default=VISIBILITY[0])
    parser.add_argument("--leaderboard", action="store_true")
    parser.add_argument("--root", type=Path, default=Path("/autograder"))
    chosen = parser.parse_args(arguments)
    paths = Paths(find_root())
    with speaking(read_course(paths).language):
        return _graded(paths, chosen)


def _graded(paths: Paths, chosen: argparse.Namespace) -> int:
    """Grade, and write what the student reads."""
    assignment = read_assignment(paths, chosen.assignment)
    results = chosen.root / "results" / "results.json"
    begun = time.monotonic()
    write(results, json.dumps({"score": 0, "output": tr(UNFINISHED), "tests": []}))
    student = _student(chosen.root / "submission_metadata.json")
    code, said = _grade(assignment, chosen.root / "submission", student)
    attempt = _attempt(paths, assignment)
    if attempt is None and code not in (DONE, USAGE):
        results.unlink()
        return NEEDS_A_PERSON
    if attempt is None:
        write(results, json.dumps(_nothing(assignment, said, chosen.root / "submission"), indent=1))
        return 0
    print(f"isolation: {attempt.evidence.isolation}; {attempt.usage.cpu_s:.1f} CPU s")  # for staff: stdout is theirs
    if attempt.status is Status.DEFERRED:
        print(*attempt.notices, sep="\n")
        results.unlink()
        return NEEDS_A_PERSON
    page = results_document(assignment, attempt)
    for test in page["tests"]:
        test["visibility"] = chosen.visibility
    remarks = [each for each in _remarks(said, student) if each not in page["output"]]
    page["output"] = "\n".join(part for part in (*remarks, page["output"], _by_person(assignment)) if part)
    if chosen.leaderboard:
        page["leaderboard"] = [{"name": "points", "value": page["score"]}]
    page["execution_time"] = round(time.monotonic() - begun)
    write(results, json.dumps(page, indent=1, ensure_ascii=False))
    return 0


def _student(metadata: Path) -> str:
    """Who hands in: the ids of all, for a group. Gradescope's own numbers; names and addresses stay where they are."""
    users = json.loads(metadata.read_text(encoding="utf-8")).get("users", []) if metadata.is_file() else []
    return "-".join(str(user["id"]) for user in users if "id" in user) or "student"


def _grade(assignment: Assignment, submission: Path, student: str) -> tuple[int, str]:
    """Run `grader grade` over what was handed in, as one student's folder; return its exit code and what it said."""
    with tempfile.TemporaryDirectory(prefix="handed-in-") as place:
        shutil.copytree(submission, Path(place) / slug(student))
        command = [sys.executable, "-m", "grader.cli", "grade", assignment.id, place, "--sandbox", "process"]
        options = ["--workers", "1", "--quiet", "--json", "--force"]
        done = subprocess.run([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    said = done.stderr.decode("utf-8", "replace")
    print(said)
    return done.returncode, said


def _attempt(paths: Paths, assignment: Assignment) -> Attempt | None:
    """The one attempt on record; None where nothing could be read as a submission."""
    if not paths.record.is_file():
        return None
    with Store.open(paths.record, read_only=True) as store:
        stored = list(store.current_attempts(assignment.id).values())
    return stored[-1].attempt if stored else None


def _by_person(assignment: Assignment) -> str:
    """What is not in the score; "" where all is tested."""
    open_ones = [question for question in assignment.questions if question.manual]
    worth = f"{float(sum(question.points for question in open_ones)):g} points"
    names = ", ".join(question.id for question in open_ones)
    return f"Not in this score: {names} ({worth}), which a person marks." if open_ones else ""


def _remarks(said: str, student: str) -> list[str]:
    """What `grade` says of this hand-in: which file was taken where there are several."""
    begins = f"grader: {slug(student)}: "
    return [recorded(line.removeprefix(begins)) for line in said.splitlines() if line.startswith(begins)]


def _nothing(assignment: Assignment, said: str, submission: Path) -> dict[str, Any]:
    """No notebook: told to the student as `grade` says it, with nothing to publish."""
    why = said.strip().rpartition("\n")[2].removeprefix("grader: ")
    if not any(file.is_file() and not file.name.startswith(".") for file in submission.rglob("*")):
        why = "nothing was handed in"  # `grade` names a place that students never saw
    told = tr("No notebook of {assignment} was found: {why}", assignment=assignment.id, why=recorded(why))
    worth = float(assignment.max_points)
    return {"score": 0, "max_score": worth, "output": told, "tests": []}


if __name__ == "__main__":
    sys.exit(main())
