"""How long `grader feedback` takes for a class, and how large its pages are.

    python -m benchmarks.feedback_pages [--students 500] [--folder DIR]

The notebooks are the sample class's real ones (30 KB of code each; some are no notebook); what the checks found is
invented, and so are the transcripts, which hold what the cells printed and nothing else. The command is timed as typed,
from start to exit, with pages on the disk; then each part by itself, in processor time.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from examples.sample_class import accidents, folder
from examples.sample_class.notebooks import Material
from grader import wire
from grader.bookkeeping.told import feedback_of
from grader.course.config import read_assignment, read_course
from grader.examination.channel import LOAD
from grader.examination.transcript import Said, Transcript
from grader.feedback.markdown import feedback_markdown
from grader.feedback.page import feedback_page
from grader.paths import PACKAGE, Paths
from grader.record.store import Store
from grader.schema import Assignment, Attempt, CheckResult, Evidence, Outcome, Question, Status, Submission

ASSIGNMENT = "a1_mlp"
CHECKS = 10  # a question
STORIES = (
    accidents.everything_right,
    accidents.colab_export,
    accidents.known_mistakes(("q5", "no_shift")),
    accidents.known_mistakes(("q4", "d_sigmoid_of_the_activation"), ("q8", "slope_forgotten")),
    accidents.only("q4", "q5", "q7"),
    accidents.renamed_function,
    accidents.saved_web_page,
)
SAID = (
    (Outcome.FAILED, "{name} is too large by the factor 6, which is also the length of axis 0."),
    (
        Outcome.FAILED,
        "{name} has shape (3,), expected (3, 5): an axis of length 5 is missing (summed or averaged away?).",
    ),
    (Outcome.ERROR, "ValueError in cell 33, line 4, in {name}: `x = y`: operands could not be broadcast together"),
    (Outcome.ERROR, "not written yet: {name} in cell 19 raises NotImplementedError"),
    (Outcome.MISSING, "looked for {name}; your notebook does not define it"),
    (Outcome.TIMEOUT, "no answer within 10 s"),
)


def course(root: Path, students: int) -> Paths:
    """A course folder with its record: every student handed something in and was graded."""
    checkout = Paths(PACKAGE.parent)
    paths = folder.make(checkout, root, ASSIGNMENT)
    names = [f"s{number:04}" for number in range(students)]
    paths.roster_csv.write_text("student,name,email\n" + "".join(f"{n},Student {n},{n}@example.org\n" for n in names))
    for table in paths.marks_folder.glob("*.csv"):
        table.unlink()
    assignment, material = read_assignment(paths, ASSIGNMENT), Material(checkout, ASSIGNMENT)
    files = [next(iter(story(material).items())) for story in STORIES]
    with Store.open(paths.record) as store:
        run = store.begin_run(ASSIGNMENT, f"grade {ASSIGNMENT}")
        for number, name in enumerate(names):
            filename, content = files[number % len(files)]
            submission = Submission(name, ASSIGNMENT, filename, content + b"\n" * number)  # no two are the same
            store.add_submission(submission)
            store.add_attempt(run, attempt(assignment, submission, number), {"q4": printed(number)})
        store.end_run(run, "done")
    return paths


def attempt(assignment: Assignment, submission: Submission, number: int) -> Attempt:
    evidence = Evidence(submission.digest, (("q4", "ab" * 32),), "sha256:" + "0" * 64, "cpu", "00", "zygote-userns")
    if STORIES[number % len(STORIES)] is accidents.saved_web_page:
        notice = f"{submission.filename}: this is a saved web page, not a notebook; download the notebook itself"
        return Attempt(submission.student, ASSIGNMENT, Status.UNREADABLE, evidence, (), (notice,))
    draw = random.Random(number)
    results = [result for question in assignment.questions for result in checks(question, draw)]
    return Attempt(submission.student, ASSIGNMENT, Status.GRADED, evidence, tuple(results))


def checks(question: Question, draw: random.Random) -> Iterator[CheckResult]:
    """A third of the questions has mistakes, in a third of its checks."""
    weak = draw.random() < 1 / 3
    for number in range(CHECKS):
        outcome, message = draw.choice(SAID) if weak and draw.random() < 1 / 3 else (Outcome.PASSED, "")
        name = f"test_{question.id}_follows_its_rule_{number}"
        worth = question.points / CHECKS
        yield CheckResult(name, question.id, outcome, worth, message.format(name=question.names[0]), "Look it up.")


def printed(number: int) -> bytes:
    """A transcript that holds how the cells ran."""
    reply = {"id": 0, "value": {"raised": [], "names": []}, "output": f"loss {number}\n" * 100, "effects": []}
    transcript = Transcript()
    transcript.add(LOAD, b"k" * 16, Said(wire.encode(reply)))
    return transcript.part([LOAD])


def measure(paths: Paths, students: int) -> None:
    out = paths.root / "feedback"
    command = [sys.executable, "-m", "grader.cli", "feedback", ASSIGNMENT, "--out", str(out)]
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env={**os.environ, "GRADER_COURSE": str(paths.root)}, check=True, capture_output=True)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sizes = [file.stat().st_size for file in out.glob("*.html")]
    print(f"{students} students: {took:.1f} s wall, {cpu:.1f} s of processor, {1e3 * cpu / students:.1f} ms a page")
    print(f"{len(sizes)} pages of {statistics.median(sizes) / 1e3:.0f} kB, the largest {max(sizes) / 1e3:.0f} kB")
    with Store.open(paths.record, read_only=True) as store:
        began = time.process_time()
        pages = list(feedback_of(store, read_assignment(paths, ASSIGNMENT), read_course(paths), None))
        print(f"  reading and composing  {1e3 * (time.process_time() - began) / students:6.1f} ms a student")
    for what, render in (("HTML", feedback_page), ("Markdown", feedback_markdown)):
        began = time.process_time()
        for page in pages:
            render(page)
        print(f"  {what:21}  {1e3 * (time.process_time() - began) / students:6.1f} ms a student")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--students", type=int, default=500)
    options.add_argument("--folder", type=Path, help="where to write (default: the temporary folder)")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as root:
        measure(course(Path(root), chosen.students), chosen.students)


if __name__ == "__main__":
    main()
