"""`python -m examples.sample_class`: make the sample class, grade it, and show what a teaching assistant sees."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time

from examples.sample_class import essay, folder
from examples.sample_class.people import CLASS, HOSTILE, STRANGER
from grader.course.config import assignment_ids, read_assignment
from grader.errors import GraderError, MachineryError
from grader.exit_codes import DONE, MACHINERY, NEEDS_A_PERSON
from grader.paths import PACKAGE, Paths
from grader.portal.people import People
from grader.portal.portal import database_of
from grader.portal.serving import links_of_roles
from grader.portal.signing_in import Doors
from grader.sandbox.image import digest

CHECKOUT = Paths(PACKAGE.parent)
ASSIGNMENT = "a1_mlp"
LATER = tuple(name for name in assignment_ids(CHECKOUT) if name != ASSIGNMENT)
ADDRESS = "http://127.0.0.1:8000"  # of `grader serve`
EXPECTED = (DONE, NEEDS_A_PERSON)  # files that cannot be read and a stranger want a person
ROOT = CHECKOUT.root / "build" / "sample_class"


def main() -> int:
    """Exit code 0 when every step ended as it should, else the code of the step that did not."""
    began = time.monotonic()
    try:
        kind, level, why = _sandbox()
        folder.make(CHECKOUT, ROOT, ASSIGNMENT, HOSTILE if level == "bare" else frozenset(), LATER)
    except GraderError as error:
        print(f"sample class: {error}", file=sys.stderr)
        return MACHINERY
    _introduce(kind, level, why)
    sandbox = ["--sandbox", "process"] if why else []
    graded = (ASSIGNMENT, *LATER, essay.ASSIGNMENT)
    for command in (
        *(["grade", assignment, f"downloads/{assignment}", *sandbox] for assignment in graded),
        ["show", "dl12", ASSIGNMENT],
        ["report", "--out", "report"],
        ["feedback", ASSIGNMENT, "--out", "feedback"],
        ["marks"],
    ):
        code = _grader(*command)
        if code not in EXPECTED:
            return code
        if essay.ASSIGNMENT in command:
            essay.begin_marking(Paths(ROOT))
    here = ROOT.relative_to(CHECKOUT.root)
    print(f"\nAll of this took {time.monotonic() - began:.0f} s; a second time, nothing is graded again. Now look at")
    print(f"  {here}/report/report.html     where the course stands; from there to every assignment and every student")
    print(f"  {here}/report/gradebook.csv   the same marks for a spreadsheet")
    print(f"  {here}/feedback/dl12.html     what a student gets: marks, and what to repair first")
    print(f"or walk through the portal, at {ADDRESS}; a link lets in once, for two hours:")
    print(f"  GRADER_COURSE={here} {sys.executable} -m grader.cli serve")
    print(_links(), end="")
    return DONE


def _links() -> str:
    """A link for a student, an assistant and an instructor, good as soon as the portal runs."""
    paths = Paths(ROOT)
    people, database = People(paths), database_of(paths)
    lines = [*links_of_roles(Doors(database, people), people, ADDRESS)]
    database.close()
    return "".join(f"{line}\n" for line in lines)


def _sandbox() -> tuple[str, str, str]:
    """(kind, level, why not Docker): Docker if there is one with an image, else the process sandbox."""
    try:
        digest()
        return "docker", "", ""
    except MachineryError as error:
        from grader.sandbox.process import ProcessSandbox

        sandbox = ProcessSandbox(read_assignment(CHECKOUT, ASSIGNMENT))
        sandbox.close()
        return "process", sandbox.level, str(error)


def _introduce(kind: str, level: str, why: str) -> None:
    print(f"{ROOT.relative_to(CHECKOUT.root)} holds a course as on the day after a deadline:")
    print(f"  roster.csv             {len(CLASS)} invented students")
    print(f"  downloads/{ASSIGNMENT}/      what they handed in: right, wrong, broken and hostile notebooks")
    for assignment in LATER:
        print(f"  downloads/{assignment + '/':13} the later ones: all right, with mistakes, with gaps, or nothing")
    print(
        f"  downloads/{essay.ASSIGNMENT}/    two short essays, which people mark: Marking on the portal, with a rubric"
    )
    print("  competitions/spirals   a competition on the portal, into which nobody entered anything yet")
    print("  marks/*.csv            the exams and the project: entered by hand, nothing graded")
    print("What happened to whom:")
    for person in (*CLASS, STRANGER):
        print(f"  {person.id}  {person.name:24} {person.happened}")
    if why:
        print(f"\nNO DOCKER: {why}")
        print("The process sandbox is used in its place: it sets no limit on all processes together.")
        if level == "bare":
            left_out = ", ".join(sorted(HOSTILE))
            print(
                f"It has no namespaces here, so student code can read your files; left out: {left_out} (memory, forks)."
            )


def _grader(*arguments: str) -> int:
    """Run one command in the course's folder, as typed at a terminal."""
    print(f"\n$ grader {shlex.join(arguments)}", flush=True)
    environment = {
        "COLUMNS": str(shutil.get_terminal_size((120, 24)).columns),
        **os.environ,
        "GRADER_COURSE": str(ROOT),
    }
    return subprocess.run([sys.executable, "-m", "grader.cli", *arguments], cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
