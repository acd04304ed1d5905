"""`grader init`: the folder of a course in which every command works, with the assignments that were asked for.

Assignments of the program are copied with their masters, hidden tests and known solutions, to be cut and translated;
an id that the program does not know begins a new one, as `grader new` does.
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from grader.authoring import build, skeleton
from grader.course.config import assignment_ids, did_you_mean, read_course
from grader.errors import UsageError
from grader.paths import SHIPPED, Paths
from grader.schema import ASSIGNMENT_ID

MISSPELT = 0.8  # so alike is an id that was meant to be one of the program's: a1_mpl and a1_mlp, not a1_pub
SCHEMES = ("best_three_of_four", "mid_and_end", "assignments_and_activities")
ROSTER_HEADER = "student,name,email,lms_id\n"
GITIGNORE = """\
# What grading remembers: submissions, evidence, marks, the secret of the hidden inputs. Back it up, never publish it.
.grader/
# What can be made again.
build/
__pycache__/
.pytest_cache/
.ipynb_checkpoints/
# People's work and names.
downloads/
"""
README = """\
# {name}

A course for the autograder `grader`. All commands are run in this folder; `grader COMMAND --help` says more.

    grader doctor                       what this machine can do, and what to do about the rest
    grader image build                  the grading image, once for each machine

| what | where |
|---|---|
| weights, best of, lateness, deadlines | `course.toml` |
| who takes the course | `roster.csv`, one line a student: fill it in before you collect or grade |
| marks that are not graded here | `marks/*.csv`, a column for each name of `columns` in `course.toml` |
| what students get, and the hidden tests | `assignments/` |
| masters, wrong and right solutions | `solutions/` |
| what grading remembers | `.grader/`: not in version control; back it up |

## Before the deadline

    grader build                        starters and public checks, from the masters in solutions/
    grader audit {first}                the tests of the tests
    grader release {first}              the zip for students, in build/release

## After the deadline

    grader collect {first} downloads/*  whose each file is
    grader grade {first}                every submission, a row for every student
    grader report                       pages for the staff, in build/report
    grader feedback {first} --out build/feedback
    grader marks                        the course marks, with how each came about

The masters may be public where the program is: change questions and numbers before you rely on them for marks.
`.github/workflows/assignments.yml` is an example of how a push is checked; delete it if you do not use it.
"""
_COMMAND = re.compile(r"^    (grader .*?) {2,}(.*)$", re.MULTILINE)
WORKFLOW = """\
# An example: every push builds the starters and audits the hidden tests of every assignment.
name: assignments
on: [push]
jobs:
  audit:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - run: pip install "coursegrader[authoring,torch]"
      - run: grader image build
      - run: grader build && git diff --exit-code assignments
      - run: |
          for folder in assignments/*/; do
            grader audit "$(basename "$folder")" --quick
          done
"""


def templates() -> tuple[str, ...]:
    """The assignments that come with the program."""
    return assignment_ids(Paths(SHIPPED))


def begin_course(folder: Path, scheme: str, wanted: Sequence[str], name: str = "") -> tuple[list[Path], list[Path]]:
    """Write a course folder; return what was written (a copied assignment as one folder) and what was left as it was.

    scheme: one of SCHEMES;  wanted: ids of assignments;  name: of the course, else the scheme's, or the folder's
    Raises UsageError, with nothing written, for an id that cannot be or is near to a known one, and where there is a
    course or an assignment of that name already.
    """
    paths = Paths(folder)
    new = _to_be_begun(wanted)
    own = paths.root.resolve().name if len(new) == len(wanted) else ""
    texts = _texts(paths, scheme, wanted, name or own)
    for place in (paths.course_toml, *(place for chosen in wanted for place in _folders(paths, chosen))):
        if place.exists():
            raise UsageError(f"{place} exists already; nothing was written. Choose another folder, or move it away")
    if new:
        build.require_tools()
    kept = [file for file in texts if file.exists()]
    made = [_written(file, text) for file, text in texts.items() if file not in kept]
    made += [copy for chosen in wanted if chosen not in new for copy in _copied(paths, chosen)]
    for chosen in new:
        made += skeleton.new(paths, chosen)
    made += [build.build(paths, chosen) for chosen in new]
    read_course(paths)
    return made, kept


def _written(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def _to_be_begun(wanted: Sequence[str]) -> list[str]:
    """The ids that the program has no assignment for. Raises UsageError."""
    there_is = templates()
    for chosen in wanted:
        if not ASSIGNMENT_ID.fullmatch(chosen):
            raise UsageError(f"--with {chosen!r}: an id is lower-case letters, digits and _, beginning with a letter")
        if wanted.count(chosen) > 1:
            raise UsageError(f"--with: {chosen} is there twice")
        misspelt = difflib.get_close_matches(chosen, there_is, n=1, cutoff=MISSPELT)
        if chosen not in there_is and (close := did_you_mean(chosen, misspelt)):
            known, free = ", ".join(there_is), f"my_{chosen}"
            raise UsageError(
                f"--with {chosen}: the program has {known}{close}; a new id must not look like one of them, "
                f"as {free} does not"
            )
    return [chosen for chosen in wanted if chosen not in there_is]


def _folders(paths: Paths, assignment_id: str) -> tuple[Path, Path]:
    return paths.assignment(assignment_id), paths.solutions / assignment_id


def _copied(paths: Paths, assignment_id: str) -> list[Path]:
    sources = _folders(Paths(SHIPPED), assignment_id)
    targets = _folders(paths, assignment_id)
    for source, target in zip(sources, targets, strict=True):
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    return list(targets)


def _texts(paths: Paths, scheme: str, wanted: Sequence[str], name: str) -> dict[Path, str]:
    """The files of a course besides its assignments."""
    course = course_toml(scheme, wanted, name)
    title = re.search(r'^name = "(.*)"$', course, re.MULTILINE)
    page = _aligned(README.format(name=title[1] if title else paths.root.name, first=wanted[0]))
    readme = paths.root / "README.md"
    return {
        paths.course_toml: course,
        paths.roster_csv: ROSTER_HEADER,
        paths.root / ".gitignore": GITIGNORE,
        paths.root / "COURSE.md" if readme.exists() else readme: page,
        paths.root / ".github" / "workflows" / "assignments.yml": WORKFLOW,
    }


def _aligned(page: str) -> str:
    """Commands with what they do behind them, in two columns."""
    width = max(len(command) for command, _ in _COMMAND.findall(page))
    return _COMMAND.sub(lambda row: f"    {row[1]:<{width}}  {row[2]}", page)


def course_toml(scheme: str, wanted: Sequence[str], name: str = "") -> str:
    """A scheme's course.toml for these assignments; "best 3" goes where there are no more than three."""
    text = (SHIPPED / "examples" / "schemes" / f"{scheme}.toml").read_text(encoding="utf-8")
    text = text.replace("# A complete course.toml: copy it to the course's folder.\n", "")
    listed = ", ".join(f'"{chosen}"' for chosen in wanted)
    text = re.sub(r"^assignments = \[.*\]$", f"assignments = [{listed}]", text, flags=re.MULTILINE)
    if len(wanted) <= 3:
        all_count = "# best = 3, as soon as there are more than three; until then all count\n"
        text = re.sub(r"^best = 3\n(?=assignments)", all_count, text, flags=re.MULTILINE)
    if name:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        text = re.sub(r'^name = ".*"$', lambda _: f'name = "{quoted}"', text, count=1, flags=re.MULTILINE)
    return text
