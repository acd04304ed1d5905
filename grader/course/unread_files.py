"""Files in a course's folder that nobody reads, since their names are nearly those of its tables."""

from __future__ import annotations

from collections.abc import Iterator

from grader.paths import Paths

SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers", ".tsv")


def unread_files(paths: Paths) -> Iterator[str]:
    """A sentence for each: extension.csv beside extensions.csv, marks/exams.xlsx, marks/exams.CSV."""
    tables = (paths.roster_csv, paths.roster_aliases_csv, paths.teams_csv, paths.extensions_csv, paths.staff_csv)
    known = {_plain(table.name): table.name for table in tables}
    for file in sorted(paths.root.glob("*")):
        name = known.get(_plain(file.name), file.name)
        if file.name != name and file.is_file():
            yield f"{file.name} is not read: the table is called {name}"
    tables_of_marks = {file.stem for file in paths.marks_folder.glob("*.csv")}
    for file in sorted(paths.marks_folder.glob("*")):
        is_one = file.suffix != ".csv" and file.suffix.lower() in (".csv", *SPREADSHEETS) and file.name[0] not in ".~"
        if is_one and file.stem not in tables_of_marks:  # else it is what that table was saved from
            yield f"marks/{file.name} is not read: tables of marks are CSV, as {file.stem}.csv"


def _plain(name: str) -> str:
    """A name without what is easily written otherwise: capitals, the s of a plural, dashes."""
    stem, dot, suffix = name.casefold().rpartition(".")
    return f"{stem.replace('-', '_').replace(' ', '_').rstrip('s')}{dot}{suffix}"
