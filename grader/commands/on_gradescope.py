"""What runs in Gradescope's container: one submission in, results.json out.

python -m grader.commands.on_gradescope ASSIGNMENT [--visibility WHEN] [--leaderboard] [--root /autograder]

The submission runs in the process sandbox, as a user of its own; the judgement is made outside of it, as everywhere.
What the machine failed at is no zero: the run ends with 1, and Gradescope says that the autograder failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grader.collect.handed_in import NO_FILE, submission_of
from grader.collect.remarks import Remark, Weight
from grader.commands.collecting import search_for
from grader.commands.exporting import VISIBILITY
from grader.commands.gradescope_results import results_document
from grader.commands.writing import write
from grader.course.config import read_assignment, read_course
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.feedback.names import slug
from grader.languages.recorded import said
from grader.languages.translating import mark, speaking, tr
from grader.paths import Paths, find_root
from grader.record.store import Store
from grader.schema import Assignment, Attempt, Status, Submission
from grader.submission.text import clean

NOBODY = "student"
UNFINISHED = mark("Grading has not finished. If you read this, tell the staff: it is no mark.")


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
    student = slug(_student(chosen.root / "submission_metadata.json"))
    search = search_for(paths, assignment)
    submission, remarks = submission_of(chosen.root / "submission", student, assignment, search.wanted)
    if submission is None:
        write(results, json.dumps(_nothing(assignment, remarks), indent=1))
        return DONE
    attempt = _graded_now(paths, assignment, submission)
    if attempt is None or attempt.status is Status.DEFERRED:
        print(*(attempt.notices if attempt else ()), sep="\n")
        results.unlink()
        return NEEDS_A_PERSON
    print(f"isolation: {attempt.evidence.isolation}; {attempt.usage.cpu_s:.1f} CPU s")  # for staff: stdout is theirs
    page = results_document(assignment, attempt)
    for test in page["tests"]:
        test["visibility"] = chosen.visibility
    told = [each for each in _told(remarks) if each not in page["output"]]
    page["output"] = "\n".join(part for part in (*told, page["output"], _by_person(assignment)) if part)
    if chosen.leaderboard:
        page["leaderboard"] = [{"name": "points", "value": page["score"]}]
    page["execution_time"] = round(time.monotonic() - begun)
    write(results, json.dumps(page, indent=1, ensure_ascii=False))
    return DONE


def _student(metadata: Path) -> str:
    """Who hands in: the ids of all, for a group. Gradescope's own numbers; names and addresses stay where they are.

    Metadata of another form say nothing of whose it is, which changes no mark.
    """
    try:
        users = json.loads(metadata.read_bytes())["users"]
        return "-".join(str(user["id"]) for user in users) or NOBODY
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return NOBODY


def _graded_now(paths: Paths, assignment: Assignment, submission: Submission) -> Attempt | None:
    """Put the submission on record and run `grader grade`; return the attempt, None where there is no new one."""
    with Store.open(paths.record) as store:
        store.add_submission(submission)
        before = store.current_attempt(submission.student, assignment.id)
    command = [sys.executable, "-m", "grader.cli", "grade", assignment.id, "--sandbox", "process"]
    options = ["--workers", "1", "--quiet", "--json", "--force"]
    done = subprocess.run([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    print(done.stderr.decode("utf-8", "replace"))
    with Store.open(paths.record, read_only=True) as store:
        stored = store.current_attempt(submission.student, assignment.id)
    return stored.attempt if stored and (before is None or stored.id != before.id) else None


def _by_person(assignment: Assignment) -> str:
    """What is not in the score; "" where all is tested."""
    open_ones = [question for question in assignment.questions if question.manual]
    worth = f"{float(sum(question.points for question in open_ones)):g} points"
    names = ", ".join(question.id for question in open_ones)
    return f"Not in this score: {names} ({worth}), which a person marks." if open_ones else ""


def _told(remarks: Sequence[Remark]) -> list[str]:
    """What is said of this hand-in: which file was taken where there are several, and what is not read."""
    return [clean(said(remark.text)) for remark in remarks if remark.weight is not Weight.NOTE]


def _nothing(assignment: Assignment, remarks: Sequence[Remark]) -> dict[str, Any]:
    """No notebook: told to the student, with nothing to publish."""
    why = "; ".join(_told([each for each in remarks if each != NO_FILE])) or said("nothing was handed in")
    told = tr("No notebook of {assignment} was found: {why}", assignment=assignment.id, why=why)
    return {"score": 0, "max_score": float(assignment.max_points), "output": told, "tests": []}


if __name__ == "__main__":
    sys.exit(main())
