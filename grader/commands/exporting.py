"""`export gradescope`: an assignment as the zip that Gradescope builds its autograder from."""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import zipfile

from grader.commands.writing import make_folder, write
from grader.course.config import read_assignment, read_course
from grader.errors import UsageError
from grader.exit_codes import DONE
from grader.languages.translating import tr
from grader.paths import IN_THE_WHEEL, PACKAGE, Paths, find_root
from grader.sandbox.meter import asleep_s
from grader.schema import Assignment
from grader.submission.packing import zipped
from grader.terminal import screen

NEEDED = (  # of the program, to grade without Docker
    *("numpy", "pytest", "platformdirs", "matplotlib", "rich", "argcomplete", "tqdm", "charset-normalizer", "docker"),
    *("torch", "scikit-learn", "pandas", "seaborn", "einops", "ipywidgets"),
)
SPARE_S = 120  # beside the limits of the assignment: the start of the container, reading, writing
PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SETUP = """\
#!/usr/bin/env bash
# Run once by Gradescope, as root, when the autograder is built: {python}, the packages, the program, the course.
set -euo pipefail
source=${{1:-/autograder/source}}
if ! command -v {python} >/dev/null || ! {python} -c 'import venv, ensurepip' 2>/dev/null; then
    apt-get update && apt-get install -y --no-install-recommends {python} {python}-venv
fi
{python} -m venv --system-site-packages /opt/grader
/opt/grader/bin/python -m pip install --quiet -r "$source/requirements.txt" {options}
cp -r "$source/program/grader" "$(/opt/grader/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
mkdir -p /opt/course
cp -r "$source/course/." /opt/course
# Hidden tests belong to root alone; a submission runs as a user of its own.
chmod -R go= /opt/course "$source"
"""
RUN = """\
#!/usr/bin/env bash
# Run by Gradescope, as root, for every submission.
set -euo pipefail
mkdir -p /autograder/results
chmod go= /autograder/results /autograder/submission
export GRADER_COURSE=/opt/course OMP_NUM_THREADS=1
cd /opt/course  # Python looks for modules where it is started: never among what was handed in
exec /opt/grader/bin/python -m grader.commands.on_gradescope {assignment} --visibility {visibility}{board} "$@"
"""
VISIBILITY = ("after_published", "after_due_date", "visible", "hidden")


def export(chosen: argparse.Namespace) -> int:
    """Write the zip, and say which limits to set on Gradescope."""
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    if not assignment.tested:
        raise UsageError(f"{assignment.id} has no hidden tests: a person marks all of it")
    target = chosen.out / f"{assignment.id}_gradescope.zip"
    make_folder(chosen.out)
    write(target, zipped("", _files(paths, assignment, chosen), zipfile.ZIP_DEFLATED))
    limits = assignment.limits
    minutes = -(-(asleep_s(limits.total_s) + SPARE_S) // 60)
    screen.tell(
        f"{target}: for Gradescope's Configure Autograder; set there: container {_container(limits.memory_mib)}, "
        f"timeout {minutes:.0f} minutes, autograder points {_tested(assignment)}"
    )
    screen.say("the zip holds hidden tests and solutions: upload it to Gradescope and to nowhere else")
    return DONE


def _tested(assignment: Assignment) -> str:
    """The points that the autograder gives, and what is left to a person there."""
    tested = float(sum(question.points for question in assignment.questions if not question.manual))
    left = float(assignment.max_points) - tested
    return f"{tested:g}" + (tr(" (allow manual grading for the other {points})", points=f"{left:g}") if left else "")


def _container(memory_mib: int) -> str:
    """The smallest of Gradescope's sizes that holds the examiner and a candidate."""
    sizes = ((0.5, 768), (1, 1536), (2, 3072), (4, 6144))
    wanted = memory_mib + 1024
    cpus, mib = next((size for size in sizes if size[1] >= wanted), sizes[-1])
    return tr("of {cpus} CPU and {memory} GB at least", cpus=cpus, memory=f"{mib / 1024:g}")


def _files(paths: Paths, assignment: Assignment, chosen: argparse.Namespace) -> dict[str, bytes]:
    """Every file of the zip: what Gradescope runs, the program, and of the course this assignment alone."""
    words = {"python": PYTHON, "options": chosen.pip, "assignment": assignment.id, "visibility": chosen.visibility}
    words["board"] = " --leaderboard" if chosen.leaderboard else ""
    course = read_course(paths)
    words |= {"close_names": course.close_names, "language": course.language}
    found = {
        "setup.sh": SETUP.format(**words).encode(),
        "run_autograder": RUN.format(**words).encode(),
        "requirements.txt": "".join(f"{line}\n" for line in _requirements()).encode(),
        "course/course.toml": COURSE.format(**words).encode(),
    }
    for file in sorted(PACKAGE.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts and IN_THE_WHEEL not in file.parents:
            found[f"program/grader/{file.relative_to(PACKAGE).as_posix()}"] = file.read_bytes()
    for folder in (paths.assignment(assignment.id), paths.solutions / assignment.id):
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                found[f"course/{file.relative_to(paths.root).as_posix()}"] = file.read_bytes()
    return found


COURSE = """\
name = "{assignment} on Gradescope"
close_names = "{close_names}"
language = "{language}"

[[component]]
id = "{assignment}"
title = "{assignment}"
weight = 100
assignments = ["{assignment}"]
"""


def _requirements() -> list[str]:
    """The packages at the versions that are installed here, so that both places calculate alike."""
    found = []
    for name in NEEDED:
        try:
            found.append(f"{name}=={importlib.metadata.version(name).partition('+')[0]}")
        except importlib.metadata.PackageNotFoundError:
            screen.say(f"{name} is not installed here, and will not be there")
    return found
