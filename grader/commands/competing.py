"""`competition`: check one, score files, enter them for students, the leaderboard, the marks."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.competition import marks_table
from grader.competition.labels import Part
from grader.competition.marking import rule_of
from grader.competition.scorer import Scorer
from grader.competition.standings import Side, final_score
from grader.course.competition import Competition, read_competition
from grader.course.config import Course, did_you_mean, read_course
from grader.course.same_people import one_person_once
from grader.course.scheme import plain
from grader.course.sheets import read_roster
from grader.course.teams import Teams, read_teams
from grader.errors import SubmissionError, UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.languages.recorded import recorded, said
from grader.languages.translating import tr
from grader.marks.marksheet import clean
from grader.paths import Paths, find_root
from grader.portal.competitions.competing import Competing, is_over
from grader.portal.competitions.entries import Entries, Wanted, members_of
from grader.portal.database import now
from grader.portal.people import staff_of
from grader.portal.portal import database_of
from grader.terminal import screen


def competition(chosen: argparse.Namespace) -> int:
    """Do what is asked; 1 where something wants looking at: a file that cannot be scored, marks that are not final."""
    paths = Paths(find_root())
    course = read_course(paths)
    found = read_competition(paths, chosen.name, course.timezone)
    if chosen.files and chosen.action not in ("score", "enter"):
        raise UsageError(f"competition {chosen.action} takes no files")
    desk = Desk(paths, course, found, Scorer(paths, staff=True))
    try:
        actions = {"check": _check, "score": _score, "enter": _enter, "board": _board, "marks": _marks}
        return actions[chosen.action](desk, chosen)
    finally:
        desk.close()


@dataclass
class Desk:
    """What every action needs."""

    paths: Paths
    course: Course
    competition: Competition
    scorer: Scorer

    def __post_init__(self) -> None:
        self._competing: Competing | None = None

    @property
    def competing(self) -> Competing:
        if self._competing is None:
            self._competing = Competing(self.paths, Entries(database_of(self.paths)), self.scorer)
        return self._competing

    def close(self) -> None:
        self.scorer.close()
        if self._competing is not None:
            self._competing.entries.database.close()

    @property
    def students(self) -> list[str]:
        return [student.id for student in read_roster(self.paths)]

    @property
    def teams(self) -> Teams:
        teams = read_teams(self.paths, self.course.assignments, self.students)
        return one_person_once(teams, [self.competition.id], read_roster(self.paths))

    def settled(self) -> list[Side]:
        """Everybody's entries, scored on both parts."""
        for part in Part:
            wrong = self.competing.settle(self.competition, part)
            if wrong:
                screen.say(f"{wrong} entries cannot be scored on the {part.value} part: their ids are others")
        return self.competing.sides(self.competition, self.students, self.teams)


def _check(desk: Desk, chosen: argparse.Namespace) -> int:
    found = desk.competition
    public, private = (desk.scorer.about(found, part) for part in Part)
    rule = rule_of(found, private.baselines)
    if chosen.json:
        baselines = {
            name: {"public": public.baselines[name], "private": private.baselines[name]} for name in public.baselines
        }
        told = {"id": found.id, "rows": public.rows, "public_rows": public.public_rows, "baselines": baselines}
        print(json.dumps(told | {"marks": rule.words}, indent=2))
    else:
        better = tr("higher") if found.higher else tr("lower")
        screen.tell(f"{found.id}: {found.title}")
        screen.tell(f"{public.rows} rows, {public.public_rows} of them public; {found.metric}, {better} is better")
        rows = [(name, f"{public.baselines[name]:g}", f"{private.baselines[name]:g}") for name in public.baselines]
        if rows:
            print(screen.table((tr("baseline"), tr("public"), tr("private")), rows), end="")
        words = "; ".join(map(recorded, rule.words))
        screen.tell(f"marks for final scores, out of {plain_number(found)}: {words}; in proportion between them")
    marks_table.require_place(desk.paths, desk.course, found)
    return DONE


def plain_number(found: Competition) -> str:
    return f"{found.out_of:f}"


def _score(desk: Desk, chosen: argparse.Namespace) -> int:
    if not chosen.files:
        raise UsageError(f"which? grader competition score {desk.competition.id} predictions.csv")
    told: list[dict[str, Any]] = []
    for file in _tables(chosen.files):
        try:
            scores = {part.value: desk.scorer.score(desk.competition, file.resolve(), part)[0] for part in Part}
            told.append({"file": str(file), **scores})
        except SubmissionError as why:
            told.append({"file": str(file), "error": clean(str(why))})
    if chosen.json:
        print(json.dumps(told, indent=2))
    else:
        rows = [
            (clean(each["file"]), _number(each, "public"), _number(each, "private"), said(each.get("error", "")))
            for each in told
        ]
        print(screen.table((tr("file"), tr("public"), tr("private"), tr("what is wrong")), rows), end="")
    return NEEDS_A_PERSON if any("error" in each for each in told) else DONE


def _number(told: dict[str, Any], part: str) -> str:
    return f"{told[part]:g}" if part in told else "-"


def _enter(desk: Desk, chosen: argparse.Namespace) -> int:
    if not chosen.files:
        raise UsageError(f"which? grader competition enter {desk.competition.id} FOLDER, or STUDENT.csv files")
    students, teams, who = desk.students, desk.teams, staff_of(desk.paths)[0].id
    files = list(_tables(chosen.files))
    for file in files:
        if file.stem not in students:
            close = did_you_mean(file.stem, students)
            raise UsageError(f"{file}: a file is called after its student; no {file.stem!r} in roster.csv{close}")
    wrong = 0
    for file in files:
        wanted, members = (
            Wanted(file.stem, file.name, now(), who=who),
            members_of(teams, desk.competition.id, file.stem),
        )
        try:
            with file.open("rb") as stream:
                number = desk.competing.enter(desk.competition, wanted, members, stream)
            screen.tell(f"{file.stem}: entry {number}")
        except SubmissionError as why:
            wrong += 1
            screen.tell(f"{file.stem}: not entered: {why}")
    return NEEDS_A_PERSON if wrong else DONE


def _tables(given: Sequence[Path]) -> Iterator[Path]:
    """The CSV files that are named, and those of folders that are named. Raises UsageError where there is none."""
    for path in given:
        found = sorted(path.glob("*.csv")) if path.is_dir() else [path]
        if not found or not all(file.is_file() for file in found):
            raise UsageError(f"{path}: no CSV file there")
        yield from found


def _board(desk: Desk, chosen: argparse.Namespace) -> int:
    sides = desk.settled()
    over = is_over(desk.competition)
    rows = (desk.competing.final_board if over else desk.competing.board)(desk.competition, sides)
    if chosen.json:
        told = [
            {"place": row.place, "name": row.name, "students": row.students, "score": row.score, "entries": row.entries}
            for row in rows
        ]
        print(json.dumps({"final": over, "rows": told}, indent=2, ensure_ascii=False))
        return DONE
    cells = [
        (
            str(row.place or ""),
            clean(row.name),
            clean(", ".join(row.students)) or tr("baseline"),
            f"{row.score:g}",
            str(row.entries or ""),
        )
        for row in rows
        if row.score is not None
    ]
    screen.tell("by final scores" if over else "by public scores; the competition runs")
    head = (tr("place"), tr("name"), tr("students"), tr("score"), tr("entries"))
    print(screen.table(head, cells), end="")
    return DONE


def _marks(desk: Desk, chosen: argparse.Namespace) -> int:
    found = desk.competition
    if not is_over(found) and not chosen.anyway:
        raise UsageError(f"the competition runs until {found.deadline:%Y-%m-%d %H:%M %z}; --anyway writes marks of now")
    marks_table.require_place(desk.paths, desk.course, found)
    sides = desk.settled()
    points = desk.competing.points(found, sides)
    file = marks_table.write(desk.paths, desk.course, found, desk.students, points)
    scores = {student: final_score(side, found.choose, found.higher) for side in sides for student in side.students}
    if chosen.json:
        told = [{"student": who, "score": scores[who], "points": float(points[who])} for who in points]
        print(json.dumps({"file": str(file), "rule": desk.competing.rule(found).words, "marks": told}, indent=2))
    else:
        rows = [(clean(who), f"{scores[who]:g}", plain(points[who])) for who in points]
        print(screen.table((tr("student"), tr("final score"), tr("points")), rows), end="")
        screen.tell(f"{file}: {len(points)} of {len(desk.students)} students have points")
    return DONE
