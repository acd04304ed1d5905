"""`python -m examples.pictures`: grade the sample class where that is not done, and make every picture of docs/."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from examples.pictures import shots, stale
from examples.pictures.imported import page_of_an_import
from examples.pictures.notebooks import CHECKOUT, figures
from examples.pictures.pages import of_a_semester, pages
from examples.pictures.portal import served
from examples.pictures.table import ASSIGNMENTS, PICTURES
from examples.sample_class.__main__ import ASSIGNMENT, ROOT
from examples.sample_class.__main__ import main as grade_the_sample_class
from examples.sample_class.notebooks import Material, ipynb
from examples.semester.folder import make as make_semester
from grader.dashboard.links import SHEET
from grader.exit_codes import DONE
from grader.paths import Paths

STUDENT = "dl12"
SEMESTER = 150  # invented students, where a class of 28 is too small: examples/semester
DAY = "2026-11-23T09:30:00Z"  # of everything on the copied record, so that pictures differ in what changed alone
TIMES = {"runs": "started", "run_ends": "ended", "submissions": "seen", "overrides": "made", "hand_ins": "seen"}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", choices=["pages", "notebooks", "import"], help="default: all")
    chosen = options.parse_args()
    made: dict[str, bytes] = {}
    if chosen.only in (None, "import"):
        with shots.browser() as opened:
            made |= _of_an_import(opened)
    if chosen.only in (None, "pages"):
        if not Paths(ROOT).record.exists() and grade_the_sample_class() != DONE:
            return 1
        with _copied(ROOT) as paths, shots.browser() as opened:
            made |= _of_pages(paths, opened)
    if chosen.only in (None, "notebooks"):
        made |= _of_notebooks()
    shots.save(stale.DOCS, made)
    _keep(made)
    for name, content in made.items():
        print(f"docs/{name}: {len(content) / 1024:.0f} KiB")
    return DONE


def _of_pages(paths: Paths, opened: object) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    texts = pages(paths, ASSIGNMENT, STUDENT)
    with tempfile.TemporaryDirectory() as folder:
        semester = make_semester(Path(folder) / "semester", SEMESTER)
        texts["semester"] = of_a_semester(semester, ASSIGNMENT)
        file = Path(folder) / "students" / "page.html"
        file.parent.mkdir()
        for place in (file.parent, file.parent.parent):  # as seen from the course's page, and from a student's
            (place / SHEET).write_text(texts[SHEET], encoding="utf-8")
        for picture in PICTURES:
            if picture.page in texts:
                file.write_text(texts[picture.page], encoding="utf-8")
                found[picture.file] = shots.photograph(opened, picture, file)
    material = Material(CHECKOUT, ASSIGNMENT)
    upload = ipynb(material.answered(material.unsolved, ("q1", "q2", "q3", "q4", "q5")))
    with served(paths, ASSIGNMENT, STUDENT, upload) as places:
        for picture in PICTURES:
            if picture.page in places:
                found[picture.file] = shots.photograph_place(opened, picture, places[picture.page])
    return found


def _of_an_import(opened: object) -> dict[str, bytes]:
    [picture] = (picture for picture in PICTURES if picture.page == "import")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page_of_an_import(), encoding="utf-8")
        return {picture.file: shots.photograph(opened, picture, file)}


def _of_notebooks() -> dict[str, bytes]:
    found = {}
    for name in ASSIGNMENTS:
        with tempfile.TemporaryDirectory() as folder:
            found[f"assignments/{name}_figures.png"] = shots.sheet(figures(name, Path(folder)))
    return found


@contextlib.contextmanager
def _copied(root: Path) -> Iterator[Paths]:
    """A copy of a course, whose record has one time: its portal and its pictures leave the course as it is."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Paths(Path(folder) / "course")
        left_out = shutil.ignore_patterns("downloads", "report", "feedback", "portal", "*-wal", "*-shm")
        shutil.copytree(root, copy.root, symlinks=False, ignore=left_out)
        with contextlib.closing(sqlite3.connect(Paths(root).record)) as there:
            there.execute("VACUUM INTO ?", (os.fspath(copy.record.with_name("copy")),))
        copy.record.with_name("copy").replace(copy.record)
        _set_time(copy.record)
        yield copy


def _set_time(record: Path) -> None:
    with contextlib.closing(sqlite3.connect(record)) as file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {name}")
        for table, column in TIMES.items():
            file.execute(f"UPDATE {table} SET {column} = ?", (DAY,))
        file.commit()


def _keep(made: dict[str, bytes]) -> None:
    """Put down of what each picture was made, and when."""
    today = datetime.date.today().isoformat()
    kept = stale.read() if stale.KEPT.exists() else {}
    of = stale.looks()
    for name in made:
        kept[name] = stale.Kept(of[name], stale.digest_of_file(stale.DOCS / name), today)
    stale.write(kept)


if __name__ == "__main__":
    sys.exit(main())
