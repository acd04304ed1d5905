"""`collect` and `roster alias`: from downloads to submissions on record, and whose they are."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from grader.collect.checking import NOTHING_ASKED, defines_nothing
from grader.collect.choosing import LAST, Wanted
from grader.collect.collection import AUTO, Collected, Found, Row, Search, Source, State, handed_in_at, missing
from grader.collect.remarks import Remark, Weight
from grader.collect.times import shown
from grader.commands.collected import as_document, as_text, some, under_other_titles, what
from grader.course import releases
from grader.course.config import did_you_mean, read_assignment, read_course
from grader.course.extensions import read_deadlines
from grader.course.people import NAME, Person, Roster
from grader.course.roster_tables import students_of
from grader.course.sheets import EMPTY_ROSTER, ROSTER_COLUMNS, Student, read_aliases, read_roster, roster_at
from grader.course.tables import Encoded, decoded, separated
from grader.course.teams import read_teams
from grader.errors import AuthoringError, SubmissionError, UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.languages.translating import tr, trn
from grader.paths import Paths, find_root
from grader.record.claims import claimed, lock_of
from grader.record.store import HandIn, Store
from grader.schema import Assignment, Submission
from grader.submission import notebook
from grader.submission.text import letters
from grader.terminal import screen

OTHERS_S = 10.0  # how long to wait for somebody who collects the same assignment
LOOKED_AT, FEWEST = 20, 3  # hand-ins by which a download of another assignment is told, before anything is recorded


def collect(chosen: argparse.Namespace) -> int:
    """Read the places, record what is somebody's, print a row for everybody. 1 where a person has to look."""
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    search = search_for(paths, assignment, chosen.layout, chosen.title, chosen.policy)
    with (
        Collected(search, chosen.places) as collection,
        Store.open(paths.record) as store,
        claimed(lock_of(paths.record, f"collect-{assignment.id}"), f"collect {assignment.id}", OTHERS_S),
    ):
        found = collection.found()
        if chosen.forget:
            return _forget(found, assignment, chosen.places, store)
        first = list(islice(found, LOOKED_AT))
        if not chosen.anyway:
            _check_assignment(first, assignment, chosen.places)
        rows, counts = _recorded(chain(first, found), search, store, chosen.anyway)
        handed_in = {*store.current_digests(assignment.id), *(row.student for row in rows)}
        rows += missing(search, handed_in, collection.other_titles())
    if not rows:
        raise UsageError(nothing_in(chosen.places, assignment))
    if chosen.json:
        print(json.dumps(as_document(assignment, search, collection.sources, rows), indent=1, ensure_ascii=False))
    else:
        print(as_text(assignment, search, collection.sources, rows, counts), end="")
    left = any(source.refused or source.left for source in collection.sources)
    waiting = any(row.state in (State.NEEDS_YOU, State.UNKNOWN) for row in rows)
    return NEEDS_A_PERSON if waiting or left else DONE


def _forget(found: Iterable[Found], assignment: Assignment, places: Iterable[Path], store: Store) -> int:
    """Take back what was collected from these places, where it is what counts now; say who has what instead."""
    before = store.current_digests(assignment.id)
    same = {
        each.row.student: each.submission.digest
        for each in found
        if each.submission is not None and before.get(each.row.student) == each.submission.digest
    }
    if not same:
        where = ", ".join(map(str, places))
        raise UsageError(f"{where}: nothing that is in there counts for {assignment.id}; nothing was taken back")
    store.forget(assignment.id, same)
    after = store.current_digests(assignment.id)
    again = [student for student in same if student in after]
    screen.tell(f"{assignment.id}: {len(same)} taken back: {some(list(same))}")
    screen.tell(f"an earlier submission counts again for {len(again)}, {len(same) - len(again)} have none now")
    return DONE


def _check_assignment(first: Sequence[Found], assignment: Assignment, places: Iterable[Path]) -> None:
    """Raise UsageError where most of the first hand-ins are of another assignment: nothing is on record yet."""
    read = [each.row for each in first if each.submission is not None]
    others = [row for row in read if any(remark.text.startswith(NOTHING_ASKED) for remark in row.remarks)]
    if len(read) >= FEWEST and 2 * len(others) > len(read):
        where = ", ".join(map(str, places))
        raise UsageError(
            f"{where}: {len(others)} of the first {len(read)} hand-ins define nothing that {assignment.id} asks for; "
            "is it another assignment's download? Nothing was recorded; --anyway records it"
        )


def search_for(
    paths: Paths, assignment: Assignment, layout: str = AUTO, title: str = "", policy: str = LAST, anybody: bool = False
) -> Search:
    """What is looked for, by the course's roster, clock and deadline. Raises AuthoringError for a wrong table."""
    course = read_course(paths)
    unused: list[str] = []
    students = read_roster(paths, unused) if paths.roster_csv.exists() else ()
    if unused:
        screen.say(f"roster.csv: not used: {', '.join(unused)}")
    roster = Roster(students, read_aliases(paths, [student.id for student in students]), known=bool(students))
    names = frozenset(assignment.names)
    wanted = Wanted(assignment.id, names, _released(paths, assignment), policy)
    teams = read_teams(paths, course.assignments, [student.id for student in students])
    deadlines = read_deadlines(paths, course, students, teams)
    extended = {who: each for (who, name), each in deadlines.extended.items() if name == assignment.id}
    return Search(
        assignment,
        roster,
        wanted,
        layout,
        title,
        course.timezone,
        deadline=course.deadlines.get(assignment.id),
        anybody=anybody,
        release=releases.current(paths, assignment.id),
        extended=extended,
        teams=teams.get(assignment.id, {}),
    )


def read_now(
    paths: Paths, assignment: Assignment, places: Sequence[Path], policy: str = LAST
) -> tuple[list[tuple[Submission, HandIn | None]], int]:
    """The submissions in places, in order of student, each with its time if one is known; and how many are held.

    Says on stderr what there is to know. A single file is taken whoever's it is. Raises UsageError where there is
    nothing at all.
    """
    search = search_for(paths, assignment, policy=policy, anybody=True)
    with Collected(search, places) as collection:
        found = list(collection.found())
    for line in read_as(collection.sources, [each.row for each in found], assignment):
        screen.say(line)
    for source in collection.sources:
        for name in source.left:
            screen.say(f"{name} is neither a notebook nor a student's folder; left alone")
        if source.passed:
            screen.say(under_other_titles(source))
        for refusal in source.refused:
            screen.say(f"{source.place}: not read: {refusal}")
    for each in found:
        if each.row.state is not State.READ:
            screen.say(f"{each.row.student}: {what(each.row, search)}")
    submissions = [(each.submission, _told(each.row)) for each in found if each.submission is not None]
    if not submissions and found:
        raise UsageError("nothing is graded: whose it is, or what it is, is not known (see above)")
    if not submissions:
        raise UsageError(nothing_in(places, assignment))
    return submissions, len(found) - len(submissions)


def read_as(sources: Sequence[Source], rows: Sequence[Row], assignment: Assignment) -> Iterator[str]:
    """What folders were taken for, by what is in them: one student's; or a class, where that may be a surprise."""
    ones = [source.of_one for source in sources if source.of_one]
    if ones:
        yield trn(
            "taken for one student's folder: {students}",
            "taken for {n} folders of one student each: {students}",
            len(ones),
            students=some(ones),
        )
    for source in sources:
        if source.layout == "folder" and source.uploads == 1 and not source.single and not source.of_one:
            who = some([row.student for row in rows if row.place == source.place]) or tr("nobody")
            yield tr(
                "{place}: taken for a class of 1: {student}; a folder of one student holds {assignment}.ipynb",
                place=source.place,
                student=who,
                assignment=assignment.id,
            )


def nothing_in(places: Iterable[Path], assignment: Assignment) -> str:
    return tr(
        "{places} holds no submission; expected a download, STUDENT.ipynb or STUDENT/{assignment}.ipynb",
        places=", ".join(map(str, places)),
        assignment=assignment.id,
    )


def _told(row: Row) -> HandIn | None:
    """What a platform said of when it came; None where it said nothing, so that what was known before stays."""
    return HandIn(row.time, row.marked_late, row.place) if row.time or row.marked_late else None


def _released(paths: Paths, assignment: Assignment) -> tuple[str, ...]:
    """The code of the notebook as it was released; nothing where it is not built yet."""
    file = paths.starter(assignment.id)
    try:
        return tuple(cell.source for cell in notebook.read(file.read_bytes(), file.name).cells)
    except (OSError, SubmissionError):
        return ()


def _recorded(collected: Iterable[Found], search: Search, store: Store, anyway: bool) -> tuple[list[Row], Counter[str]]:
    """Record every submission as it is read; returns the rows, and how many were new, changed, as before.

    anyway: also one that defines nothing of what is asked, in place of one that does
    """
    assignment = search.assignment.id
    before, hand_ins = store.current_digests(assignment), store.hand_ins(assignment)
    run = store.begin_run(assignment, f"collect {assignment}")
    rows: list[Row] = []
    counts: Counter[str] = Counter()
    state = "interrupted"
    try:
        for found in collected:
            row, submission = found.row, found.submission
            if submission is not None:
                same = before.get(row.student) == submission.digest
                known = hand_ins.get(row.student, HandIn(None))
                if same and row.time is None and known.time is not None:
                    row = handed_in_at(row, known.time, known.marked_late, search)
                kept = None if same else _kept(row, known, search)
                if row.student in before and not (same or kept or anyway):
                    on_record = store.submission(before[row.student], row.student, assignment)
                    kept = _kept_from(submission, row, on_record, search.assignment)
                if kept is None:
                    store.add_submission(submission, _told(row))
                    row = row if same or row.student not in before else _replacing(row)
                    counts["as before" if same else "changed" if row.student in before else "new"] += 1
                row = kept or row
            rows.append(row)
        state = "done"
    finally:
        store.end_run(run, state)
    return rows, counts


def _replacing(row: Row) -> Row:
    """The row of a submission that is another one than the record had."""
    state = State.MENDED if row.state is State.READ else row.state
    return replace(row, state=state, remarks=(*row.remarks, Remark("replaces what was on record", Weight.MENDED)))


def _kept(row: Row, known: HandIn, search: Search) -> Row | None:
    """What to say where the record has a later submission (or, by policy, an earlier one), which then stays."""
    if row.time is None or known.time is None or row.time == known.time:
        return None
    if (known.time > row.time) is not (search.wanted.policy == LAST):
        return None
    when = shown(known.time, search.timezone)
    why = Remark(
        f"not taken: the record has the {search.wanted.policy} one, of {when}, from {known.source}", Weight.MENDED
    )
    return replace(row, state=State.MENDED, remarks=(why,))


def _kept_from(submission: Submission, row: Row, on_record: Submission, assignment: Assignment) -> Row | None:
    """What to say where a submission defines nothing that is asked and the one on record does, which then stays."""
    if not defines_nothing(submission, assignment) or defines_nothing(on_record, assignment):
        return None
    why = Remark("not taken: what is on record defines what is asked for; --anyway takes it", Weight.ASK)
    return replace(row, state=State.NEEDS_YOU, remarks=(why, *row.remarks))


# ---------------------------------------------------------------------------------------------------- roster


def roster(chosen: argparse.Namespace) -> int:
    """Settle whom a platform's name stands for, or make roster.csv of a platform's table."""
    paths = Paths(find_root())
    if chosen.action == "import":
        if chosen.students:
            raise UsageError("roster import takes one FILE")
        return import_roster(paths, Path(chosen.what), chosen.encoding, chosen.replace, _named(chosen.column))
    if not chosen.students:
        raise UsageError(f"whom does {chosen.what!r} stand for? grader roster alias NAME STUDENT ...")
    return _alias(paths, chosen)


def _alias(paths: Paths, chosen: argparse.Namespace) -> int:
    """Record that a platform's name stands for a student, or for the students of a group."""
    students = read_roster(paths)
    ids = [student.id for student in students]
    aliases = read_aliases(paths, ids)
    for student in chosen.students:
        if student not in ids:
            raise UsageError(f"no student {student!r} on the roster{did_you_mean(student, ids)}")
    _check_alias(chosen.what, chosen.students, Roster(students), aliases)
    there = aliases.get(chosen.what, ())
    if set(there) - set(chosen.students):  # a correction must not make a group, which gives one's work to both
        raise UsageError(
            f"{chosen.what!r} stands for {', '.join(there)} already; change it in roster_aliases.csv, or name all "
            "of the group"
        )
    added = [[chosen.what, student] for student in dict.fromkeys(chosen.students) if student not in there]
    _append(paths.roster_aliases_csv, added)
    meant = ", ".join(dict.fromkeys((*there, *chosen.students)))
    screen.tell(f"{chosen.what} stands for {meant}; collect again to use it")
    return DONE


def _check_alias(alias: str, students: Sequence[str], roster: Roster, aliases: Mapping[str, Collection[str]]) -> None:
    """Raise UsageError for an alias that a table cannot hold, or that names somebody already."""
    if not letters(alias) or alias.startswith("#") or alias != alias.strip() or not alias.isprintable():
        raise UsageError(f"{alias!r} cannot be an alias: it needs letters or digits, and no # or blank in front")
    for other, meant in aliases.items():
        if other != alias and letters(other) == letters(alias) and set(meant) != set(students):
            raise UsageError(f"{other!r} stands for {', '.join(meant)} already; change it in roster_aliases.csv")
    called = roster.match(Person(texts=(alias,)), propose=False)
    if set(called.students or called.near) - set(students):
        how = f": name the account, as in '{alias} (5003)'" if called.how == NAME or called.doubt else ""
        raise UsageError(f"{alias!r} is itself on the roster; an alias of that name would take their work away{how}")


def _append(file: Path, rows: Sequence[Sequence[str]]) -> None:
    """Add rows to the table, all or none; the file is made with its header where it is not there."""
    there = decoded(file.read_bytes(), file.name) if file.exists() else Encoded("alias,student\n")
    separator, _ = separated(there.text, ("alias", "student"))
    added = io.StringIO()
    csv.writer(added, delimiter=separator, lineterminator="\n").writerows(rows)
    partial = file.with_name(f"{file.name}.partial")
    text = f"{there.text}{'' if there.text.endswith(chr(10)) else chr(10)}{added.getvalue()}"
    partial.write_bytes(there.bytes_of(text))
    os.replace(partial, file)


def _named(given: Sequence[str]) -> dict[str, str]:
    """Column of roster.csv -> heading, as they were named. Raises UsageError where there is no such column."""
    named = dict(text.partition("=")[::2] for text in given)
    wrong = [column for column, heading in named.items() if column not in ROSTER_COLUMNS or not heading]
    if wrong:
        columns = ", ".join(ROSTER_COLUMNS)
        raise UsageError(f"--column {wrong[0]}: write COLUMN=HEADING; a roster has the columns {columns}")
    return named


def import_roster(paths: Paths, file: Path, encoding: str, replacing: bool, named: Mapping[str, str]) -> int:
    """Make roster.csv of a table; who would leave the roster is named, and nobody does unless that is asked for."""
    try:
        found = students_of(file.read_bytes(), str(file), encoding, named)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    if not found.students:
        raise UsageError(f"{file}: no students in it")
    if "group" not in found.used:
        groups = {student.id: student.group for student in _students_before(paths)}
        found = replace(found, students=tuple(replace(each, group=groups.get(each.id, "")) for each in found.students))
    partial = paths.roster_csv.with_name("roster.csv.partial")
    partial.write_text(found.as_csv(), encoding="utf-8")
    try:
        students = roster_at(partial, [])
        before = [student.id for student in _students_before(paths)]
        gone = [student for student in before if student not in {each.id for each in students}]
        if before and not replacing:
            leave = f"{len(gone)} of its students are not in {file}: {', '.join(gone[:5])}; " if gone else ""
            raise UsageError(f"roster.csv has {len(before)} students; {leave}add --replace to write a new one")
        os.replace(partial, paths.roster_csv)
    finally:
        partial.unlink(missing_ok=True)
    for column, headings in found.used.items():
        print(f"{column:8}", tr("from {headings}", headings=headings))
    for line in found.above:
        screen.say(f"above the header, not used: {line}")
    for heading in found.unused:
        screen.say(f"column {heading!r} is not used")
    for line in found.left_out:
        screen.say(line)
    for student in gone:
        screen.say(f"{student} is no longer on the roster")
    screen.tell(f"roster.csv: {len(students)} students")
    return NEEDS_A_PERSON if found.left_out else DONE


def _students_before(paths: Paths) -> tuple[Student, ...]:
    """Those of the roster that is there; none of one without students."""
    if not paths.roster_csv.exists():
        return ()
    try:
        return read_roster(paths)
    except AuthoringError as error:
        if str(error).startswith(EMPTY_ROSTER):
            return ()
        raise
