"""`manual`: the table of marks that people give."""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter

from grader.bookkeeping.marking import Marking
from grader.course.config import read_assignment
from grader.course.sheets import read_manual
from grader.course.tables import Encoded, decoded
from grader.errors import UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.languages.translating import tr
from grader.marks.manual import Due, to_fill_in
from grader.paths import Paths, find_root
from grader.record.store import Store
from grader.schema import Assignment, Status
from grader.terminal import screen

NAMED = 10  # students in a message


def manual(chosen: argparse.Namespace) -> int:
    """Write the rows that are to be filled in; marks that stand are never touched. 1 while something waits."""
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    if not assignment.manual:
        raise UsageError(f"{assignment.id} has no question that a person marks; write manual = true in assignment.toml")
    with Store.open(paths.record, read_only=True) as store:
        marking = Marking.read(paths, store, assignment)
        read_manual(paths, assignment, marking.students)  # here a mark above what a question is worth is an error
        attempts = [marking.completed(stored.attempt) for stored in store.current_attempts(assignment.id).values()]
        waiting = [each for each in attempts if each.waiting and each.status is Status.GRADED]
        strangers = [each.student for each in waiting if each.student not in marking.students]
        due = [
            marking.due(each, question.id)
            for question in assignment.manual  # all answers to one question in a row: they are marked together
            for each in waiting
            if question.id in each.waiting and each.student not in strangers
        ]
    for row in marking.unused:
        screen.say(
            f"{row.source}: not used, for {row.student} was given points in {row.question} on the portal; change them "
            "there, or take them back there"
        )
    if strangers:
        screen.say(f"not on the roster, and so without a row: {', '.join(strangers[:NAMED])}")
    file = f"manual/{assignment.id}.csv"
    if chosen.json:
        rows = [{"student": row.student, "question": row.question} for row in due]
        print(json.dumps({"assignment": assignment.id, "file": file, "waiting": rows}, indent=1, ensure_ascii=False))
    else:
        _write(paths, assignment, due)
        counts = Counter(row.question for row in due)
        each = ((counts[question.id], question.id) for question in assignment.manual)
        words = ", ".join(tr("{n} for {question}", n=count, question=name) for count, name in each)
        stand = sum(mark.points is not None for each in attempts for mark in each.manual)
        screen.tell(f"{file}: to be given: {len(due)} ({words}); given: {stand}")
    return NEEDS_A_PERSON if due or strangers else DONE


def _write(paths: Paths, assignment: Assignment, due: list[Due]) -> None:
    """Put the rows into the table; what was there is there until the new file is whole."""
    path = paths.manual_csv(assignment.id)
    there = decoded(path.read_bytes(), f"manual/{path.name}") if path.exists() else Encoded("")
    filled = to_fill_in(there.text, due)
    if filled == there.text:
        return
    path.parent.mkdir(exist_ok=True)
    new = path.with_suffix(".csv.new")
    new.write_bytes(there.bytes_of(filled))
    os.replace(new, path)
