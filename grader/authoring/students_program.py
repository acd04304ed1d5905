"""The students' program, grader.pyz: `validate` and `pack` in one file that Python runs as it is.

A zip of the very modules that this package runs, not of others like them. They are stored, not compressed, so that the
bytes depend on the sources alone, and everybody can read what the file does.
"""

from __future__ import annotations

import zipfile

from grader.languages.translating import ENGLISH
from grader.paths import PACKAGE
from grader.submission.packing import zipped

NAME = "grader.pyz"
PARTS = (
    "__init__.py",
    "errors.py",
    "exit_codes.py",
    *(f"languages/{name}.py" for name in ("__init__", "formats", "po", "recorded", "translating")),
    "submission/*.py",
)  # of the package; tests see that no more is needed
MAIN = """\
import sys

if sys.version_info < (3, 9):
    sys.exit("grader: this is Python %d.%d; it takes Python 3.9 or later" % sys.version_info[:2])

from grader.submission.program import main

sys.exit(main())
"""


CATALOGUES = ("exit_codes", "languages", "submission")  # of a language: what the program says


def students_program(language: str = ENGLISH) -> bytes:
    """The bytes of grader.pyz; the same sources are the same bytes. language: in which it may speak besides English"""
    parts = [*PARTS, *(f"languages/{language}/{name}.po" for name in CATALOGUES if language != ENGLISH)]
    files = {f"grader/{file.relative_to(PACKAGE).as_posix()}": file for part in parts for file in PACKAGE.glob(part)}
    sources = {name: file.read_text(encoding="utf-8").encode("utf-8") for name, file in files.items()}
    return zipped("", {**sources, "__main__.py": MAIN.encode("utf-8")}, zipfile.ZIP_STORED)
