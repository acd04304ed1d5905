"""How fast a class's download is collected, against unpacking the same zip with zipfile.extractall in the same run.

    python -m benchmarks.collect_archive [--students 500] [--outputs-kib 200] [--folder DIR]

The download is Moodle's, one solved notebook a student with saved outputs; every fourth student packed theirs into a
zip with a helper module and weights, every tenth handed in two files. Collected means: read, matched to the roster,
looked into, and on record. A second collect finds everything as before. DIR decides which disk is measured.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from grader.cli import main as grader
from grader.paths import PACKAGE

COURSE = """name = "Deep Learning"
[[component]]
id = "work"
title = "Assignments"
weight = 100
assignments = ["a1_mlp"]
"""
ASSIGNMENTS = PACKAGE.parent / "assignments"


def notebook(number: int, outputs_kib: int) -> bytes:
    """The released notebook, worked on: saved outputs that shrink as pictures do, and every cell the student's own."""
    document = json.loads((ASSIGNMENTS / "a1_mlp" / "a1_mlp.ipynb").read_text(encoding="utf-8"))
    draw = random.Random(number)
    cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    picture = draw.randbytes(outputs_kib * 512).hex()
    cells[0]["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"image/png": picture}}]
    for cell in cells:
        cell["source"] = [*cell["source"], f"\n# of student {number}\n"]
    return json.dumps(document, indent=1).encode()


def packed(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def handed_in(number: int, outputs_kib: int) -> dict[str, bytes]:
    """The files of one student."""
    book = notebook(number, outputs_kib)
    if number % 4 == 0:
        weights = random.Random(-number).randbytes(100_000)
        return {"work.zip": packed({"a1/a1_mlp.ipynb": book, "a1/helpers.py": b"x = 1\n", "a1/w.npz": weights})}
    if number % 10 == 1:
        return {"a1_mlp.ipynb": book, "a1_mlp (1).ipynb": notebook(-number, outputs_kib)}
    return {"a1_mlp.ipynb": book}


def make(folder: Path, students: int, outputs_kib: int) -> Path:
    """Write a course with its roster, and the download; returns the download."""
    (folder / "course.toml").write_text(COURSE)
    (folder / "assignments").symlink_to(ASSIGNMENTS)
    roster = ["student,name", *(f"cs{number:04},Student Number {number:04}" for number in range(students))]
    (folder / "roster.csv").write_text("\n".join(roster) + "\n")
    download = folder / "moodle.zip"
    with zipfile.ZipFile(download, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(students):
            for name, content in handed_in(number, outputs_kib).items():
                archive.writestr(f"Student Number {number:04}_{number}_assignsubmission_file_/{name}", content)
    return download


def unpack(download: Path, into: Path) -> None:
    with zipfile.ZipFile(download) as archive:
        archive.extractall(into)


def collect(download: Path) -> str:
    """Collect as typed; returns the line that sums up."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        grader(["collect", "a1_mlp", str(download)])
    return printed.getvalue().splitlines()[-1]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--students", type=int, default=500)
    options.add_argument("--outputs-kib", type=int, default=200, help="saved outputs in every notebook")
    options.add_argument("--folder", type=Path, help="where to write (default: the temporary folder)")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as temporary:
        folder = Path(temporary)
        download = make(folder, chosen.students, chosen.outputs_kib)
        os.environ["GRADER_COURSE"] = str(folder)
        print(f"{chosen.students} students, {download.stat().st_size / 2**20:.0f} MiB")
        said: list[str] = []
        took_s = {
            "extractall": seconds(lambda: unpack(download, folder / "unpacked")),
            "collect": seconds(lambda: said.append(collect(download))),
            "collect again": seconds(lambda: said.append(collect(download))),
        }
        for what, took in took_s.items():
            print(f"{what:14}{took:8.2f} s {1e3 * took / chosen.students:8.2f} ms/student")
        print(f"{'ratio':14}{took_s['collect'] / took_s['extractall']:8.2f}")
        print("\n".join(said))
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
