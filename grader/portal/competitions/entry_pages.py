"""Competitions for students: what is asked, entries, which of them are final, under which name; the leaderboard."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.responses import FileResponse, RedirectResponse, Response

from grader.competition.standings import Entry, Side, final_score
from grader.course.competition import Competition
from grader.course.scheme import plain
from grader.course.staff import Role
from grader.errors import AuthoringError, MachineryError, SubmissionError, UsageError
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr
from grader.pages.markup import Html, badge, cell, el, heading, joined, table, within
from grader.portal.competitions.competing import is_over
from grader.portal.competitions.entries import LONGEST_NAME, Wanted, members_of
from grader.portal.frame import box, button, field, form, moment, page
from grader.portal.looking import called
from grader.portal.visit import NotThere, Visit

LONGEST_NOTE = 200
NOT_NOW = mark("Entries cannot be scored now. It is not your doing; the staff sees why. Try again later.")
OUT_OF_TURN = mark("Final scores are being calculated; look again in a minute.")
_RESERVED = re.compile(r"entrant\s*\d*")


@contextmanager
def not_for_students(visit: Visit) -> Iterator[None]:
    """Keep from students what is said about labels; the staff reads it."""
    try:
        yield
    except (AuthoringError, MachineryError):
        if visit.me.role.is_staff:
            raise
        raise UsageError(tr(NOT_NOW)) from None


def overview(visit: Visit) -> Html | None:
    """The competitions of the course, on the first page of everybody."""
    there = visit.portal.now.state.competitions.values()
    if not there:
        return None
    timezone = visit.portal.now.state.course.timezone
    head = el("tr", *map(heading, (tr("competition"), tr("deadline"), tr("state"), "")))
    rows = [
        [
            el(
                "th",
                el("a", each.id, href=f"/c/{each.id}"),
                " ",
                el("span", each.title, class_="dim"),
                scope="row",
            ),
            cell(moment(each.deadline, timezone)),
            cell(tr("over") if is_over(each) else tr("open")),
            cell(el("a", tr("Leaderboard"), href=f"/c/{each.id}/board")),
        ]
        for each in there
    ]
    return el("section", el("h2", tr("Competitions")), table([head], rows))


def members(visit: Visit, competition: Competition) -> tuple[str, ...]:
    """Who enters together with whoever is signed in."""
    return members_of(visit.portal.now.state.teams, competition.id, visit.me.id)


def all_sides(visit: Visit, competition: Competition) -> list[Side]:
    students = [person.id for person in visit.portal.people.of(Role.STUDENT)]
    with not_for_students(visit):
        return visit.portal.competing.sides(competition, students, visit.portal.now.state.teams)


def own_side(visit: Visit, competition: Competition) -> Side | None:
    """What the student, or the student's team, has entered; None where that is nothing."""
    return next((side for side in all_sides(visit, competition) if visit.me.id in side.students), None)


def is_settled(visit: Visit, competition: Competition) -> bool:
    """Whether it is over, and every entry has its final score."""
    with not_for_students(visit):
        return visit.portal.settling.is_settled(competition)


def shown_score(score: float | None) -> str:
    if score is None:
        return ""
    return figure(f"{score:.5f}" if abs(score) < 1000 else f"{score:.8g}")


# ---------------------------------------------------------------------------------------------------- the page


def student_page(visit: Visit) -> Response:
    """What is asked, a form for predictions, and what was entered before."""
    competition = visit.competition
    side, over = own_side(visit, competition), is_over(competition)
    return page(
        visit,
        f"{competition.id}: {competition.title}",
        el("p", competition.about) if competition.about else None,
        el("p", el("a", tr("Leaderboard"), href=f"/c/{competition.id}/board")),
        *facts(visit, competition),
        *(_result(visit, competition, side) if over else _enter(visit, competition)),
        *_entries(visit, competition, side, over),
        *_name(visit, competition, side),
    )


def facts(visit: Visit, competition: Competition) -> Iterator[Html]:
    """What everybody may know of a competition."""
    with not_for_students(visit):
        about = visit.portal.competing.about(competition)
    timezone = visit.portal.now.state.course.timezone
    better = tr("higher is better") if competition.higher else tr("lower is better")
    of_public = tr(
        "of {n} of {rows} rows, nobody says which; it is told at once and makes the leaderboard",
        n=about.public_rows,
        rows=about.rows,
    )
    rows = tr("A row for each of the {n} ids, in any order.", n=about.rows)
    final = tr("of the other rows, at the end: the best of {n} entries that you choose", n=competition.choose)
    a_day = tr("{n} in 24 hours; a file that cannot be read is none", n=competition.entries_a_day)
    rule = tr("out of {points}: {rule}", points=plain_points(competition), rule="".join(_rule(visit, competition)))
    told = [
        (tr("deadline"), moment(competition.deadline, timezone)),
        (tr("metric"), f"{competition.metric} ({better})"),
        (tr("file"), f"{recorded(competition.expected)} {rows}"),
        (tr("public score"), of_public),
        (tr("final score"), final),
        (tr("entries"), a_day),
        (tr("mark"), rule),
    ]
    rows = joined(part for name, value in told for part in (el("dt", name), el("dd", value)))
    yield el("dl", rows, class_="receipt")
    if competition.files:
        links = [el("li", el("a", name, href=f"/c/{competition.id}/file/{name}")) for name in competition.files]
        yield el("section", el("h2", tr("Files")), el("ul", *links))


def plain_points(competition: Competition) -> str:
    return figure(f"{competition.out_of:f}")


def _rule(visit: Visit, competition: Competition) -> Iterator[str]:
    """The rule of the mark; what baselines reach on the private part is said at the end."""
    anchors = "; ".join(
        tr("{points} for {score}", points=figure(f"{each.points:f}"), score=recorded(each.words))
        for each in competition.marks
    )
    yield tr("{rule}; in proportion between them. ", rule=anchors)
    if is_over(competition):
        with not_for_students(visit):
            reached = "; ".join(map(recorded, visit.portal.competing.rule(competition).words))
        yield tr("At the end: {rule}.", rule=reached)


def _enter(visit: Visit, competition: Competition) -> Iterator[Html]:
    made = len(visit.portal.competing.entries.times_of_day(competition, members(visit, competition)))
    left = max(0, competition.entries_a_day - made)
    given = el("input", type="file", name="file", id="f-file", accept=".csv", required="required")
    left_now = tr(
        "{n} of {entries} entries are left; at most {mib} MiB.",
        n=left,
        entries=competition.entries_a_day,
        mib=competition.most_mib,
    )
    yield el("h2", tr("Enter predictions"))
    yield form(
        visit,
        f"/c/{competition.id}/enter",
        el("p", el("label", tr("Your predictions (CSV)"), for_="f-file"), given, class_="field"),
        field(tr("A note for yourself"), "note", maxlength=LONGEST_NOTE, autocomplete="off"),
        el("p", left_now),
        button(tr("Enter")),
        files=True,
        class_="drop",
    )


def _result(visit: Visit, competition: Competition, side: Side | None) -> Iterator[Html]:
    yield el("h2", tr("The result"))
    if side is None:
        yield box(el("p", tr("The competition is over. You entered nothing.")))
        return
    if not is_settled(visit, competition):
        yield box(el("p", f"{tr('The competition is over.')} {tr(OUT_OF_TURN)}"))
        return
    score = final_score(side, competition.choose, competition.higher)
    with not_for_students(visit):
        points = visit.portal.competing.points(competition, [side])
    if not points:
        yield box(el("p", tr("None of your entries could be scored.")), kind="warn")
        return
    worth = tr(
        "{points} of {worth} points by the rule above",
        points=figure(plain(points[visit.me.id])),
        worth=plain_points(competition),
    )
    mine = el("b", tr("Your final score is {score}", score=shown_score(score)))
    yield box(el("p", within(tr("{score}, which is worth {points}."), score=mine, points=worth)), kind="good")


def _entries(visit: Visit, competition: Competition, side: Side | None, over: bool) -> Iterator[Html]:
    """One's own entries, with a box for each that is to be final."""
    if side is None:
        return
    final = {each.number for each in visit.portal.competing.finals(competition, side)}
    names = [heading(tr("entry")), heading(tr("file")), heading(tr("received")), heading(tr("public score"), "n")]
    names += [heading(tr("final score"), "n")] if over else []
    head = el("tr", *names, heading(tr("final")))
    rows = [list(_entry(visit, competition, each, final, side, over)) for each in reversed(side.entries)]
    yield el("h2", tr("Your entries"))
    yield el(
        "p",
        tr("Final are up to {n} that you choose; where these are fewer, your best ones besides.", n=competition.choose),
    )
    if over:
        yield table([head], rows)
    else:
        yield form(visit, f"/c/{competition.id}/choose", table([head], rows), button(tr("These are final")))


def _entry(
    visit: Visit, competition: Competition, entry: Entry, final: set[int], side: Side, over: bool
) -> Iterator[Html]:
    timezone = visit.portal.now.state.course.timezone
    file = el("a", el("bdi", entry.filename), href=f"/c/{competition.id}/entry/{entry.number}")
    yield el("th", entry.number, scope="row")
    yield cell(joined([file, el("div", entry.note, class_="dim small") if entry.note else ""]))
    yield cell(moment(entry.received, timezone))
    yield cell(shown_score(entry.public) or tr("not yet"), "n")
    if over:
        yield cell(shown_score(entry.private), "n")
        yield cell(badge(tr("final"), "good") if entry.number in final else "")
        return
    given = el(
        "input",
        type="checkbox",
        name=f"e{entry.number}",
        value="on",
        id=f"f-e{entry.number}",
        checked=entry.number in side.chosen,
    )
    label = el("label", tr("entry {number}", number=entry.number), for_=f"f-e{entry.number}")
    note = badge(tr("counts"), "good") if entry.number in final else ""
    yield cell(joined([given, " ", label, " ", note]))


def _name(visit: Visit, competition: Competition, side: Side | None) -> Iterator[Html]:
    now = visit.portal.competing.entries.names(competition.id).get(visit.me.id, side.name if side else "")
    yield el("h2", tr("Your name on the leaderboard"))
    yield el("p", tr("Everybody in the course sees it; nobody but the staff sees whose it is."))
    yield form(
        visit,
        f"/c/{competition.id}/name",
        field(tr("Name"), "name", now, required="required", maxlength=LONGEST_NAME, autocomplete="off"),
        button(tr("Take this name")),
    )


# ---------------------------------------------------------------------------------------------------- what one does


def enter(visit: Visit) -> Response:
    """Score a file and enter it; what is wrong in it is said, and does not count."""
    enter_file(visit)
    return RedirectResponse(f"/c/{visit.competition.id}", 303)


def enter_file(visit: Visit) -> int:
    """Enter what came with the request; returns the number of the entry."""
    competition, up = visit.competition, visit.uploaded
    if up is None or not up.filename:
        raise SubmissionError(tr("no file came: choose a CSV file, as the field `file` of the form"))
    competing, mine = visit.portal.competing, members(visit, competition)
    if not visit.portal.wrong_entries.allows(visit.me.id, time.monotonic()):
        raise UsageError(tr("too many files of yours could not be read; wait an hour"))
    note = " ".join(visit.given("note", LONGEST_NOTE).split())
    wanted = Wanted(visit.me.id, called(up.filename, "predictions.csv"), up.received, note)
    try:
        with not_for_students(visit):
            return competing.enter(competition, wanted, mine, up.stream)
    except SubmissionError:
        visit.portal.wrong_entries.fail(visit.me.id, time.monotonic())
        raise


def choose(visit: Visit) -> Response:
    """Say which entries are final; until the deadline."""
    competition = visit.competition
    if is_over(competition):
        raise UsageError(tr("the competition is over; what is final is so"))
    side = own_side(visit, competition)
    mine = {f"e{each.number}": each.number for each in side.entries} if side else {}
    numbers = [mine[name] for name in visit.form if name in mine]
    if len(numbers) > competition.choose:
        raise UsageError(
            tr("{n} entries are chosen; at most {most} can be final", n=len(numbers), most=competition.choose)
        )
    visit.portal.competing.entries.choose(competition.id, visit.me.id, numbers)
    return RedirectResponse(f"/c/{competition.id}", 303)


def rename(visit: Visit) -> Response:
    """Take a name for the leaderboard."""
    competition = visit.competition
    name = checked_name(visit, competition, visit.needed("name", tr("which name?")))
    visit.portal.competing.entries.rename(competition.id, visit.me.id, name, visit.me.id)
    return RedirectResponse(f"/c/{competition.id}", 303)


def checked_name(visit: Visit, competition: Competition, text: str) -> str:
    """A name for the leaderboard. Raises UsageError for one that is somebody else's, or that nobody can read."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if len(name) > LONGEST_NAME or not name.isprintable() or not any(map(str.isalnum, name)):
        raise UsageError(tr("a name has at most {n} letters that can be seen", n=LONGEST_NAME))
    key, mine = _alike(name), members(visit, competition)
    taken = {
        _alike(said) for who, said in visit.portal.competing.entries.names(competition.id).items() if who not in mine
    }
    taken |= {_alike(each.name) for each in competition.baselines}
    others = [person for person in visit.portal.people.of(*Role) if person.id not in mine]
    taken |= {_alike(text) for person in others for text in (person.id, person.name) if text}
    if key in taken or _RESERVED.fullmatch(key):
        raise UsageError(tr("{name} is taken; choose another name", name=repr(name)))
    return name


def _alike(name: str) -> str:
    """What names are compared by."""
    return unicodedata.normalize("NFKC", name).casefold()


def public_file(visit: Visit) -> Response:
    """One of the files that come with a competition: a name is looked up, and never a path."""
    competition, name = visit.competition, visit.request.path_params["name"]
    path = visit.portal.paths.competition(competition.id) / "public" / name
    if name not in competition.files or not path.is_file():
        raise NotThere(tr("no such file"))
    return _attachment(path, name.rpartition("/")[2])


def entry_file(visit: Visit) -> Response:
    """What one entered, as a file to keep."""
    competition, wanted = visit.competition, visit.request.path_params["number"]
    side = own_side(visit, competition)
    entry = next((each for each in side.entries if each.number == wanted), None) if side else None
    if entry is None:
        raise NotThere(tr("no such entry of yours"))
    return _attachment(visit.portal.competing.file(entry.sha256), entry.filename)


def _attachment(path: object, name: str) -> Response:
    return FileResponse(
        str(path), media_type="application/octet-stream", filename=name, content_disposition_type="attachment"
    )
