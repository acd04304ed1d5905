"""Nothing of one person ever goes to another, whatever the names, ids and files are; and what is open is listed."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.collect.choosing import Wanted
from grader.collect.collection import Collected, Search, State
from grader.course.config import Course
from grader.course.entries import Entry
from grader.course.entries import State as Mark
from grader.course.people import Roster, folded
from grader.course.scheme import Component, Scheme
from grader.course.sheets import Column, Student
from grader.marks import export
from grader.marks.gradebook import Record, Sources, gradebook
from grader.marks.platforms import PLATFORMS
from grader.schema import Assignment, Question

IDS = (
    "cs1", "CS10", "cs100", "cs1-1", "0042", "42", "042", "a-42", "j_smith", "smith", "Smith1", "j_smith1", "o_lee",
    "20230000000000123", "20230000000000124", "cs21b001", "cs21b0012", "2-cs21b001", "lee",
)  # fmt: skip
GIVEN, FAMILY = (
    ("Asha", "Ann", "Anna", "Rao", "Wei", "Zo\u00eb"),
    ("Rao", "Lee", "Alee", "Asha", "D'Souza", "M\u00fcller"),
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
ASSIGNMENT = Assignment("a1", "One", (Question("q1", "Q", Fraction(1), ("f",)),))


@dataclass(frozen=True)
class Human:
    """Somebody with things of their own. `number`: the platform's;  enrolled: on the roster, else a stranger"""

    id: str
    given: str
    family: str
    address: str
    number: str
    enrolled: bool

    @property
    def student(self) -> Student:
        return Student(self.id, f"{self.given} {self.family}", self.address, self.number)


@st.composite
def humans(draw):
    """People whose ids are different, and whose names need not be."""
    ids = draw(st.lists(st.sampled_from(IDS), min_size=2, max_size=8, unique_by=folded))
    people = []
    for place, id in enumerate(ids):
        given, family = draw(st.sampled_from(GIVEN)), draw(st.sampled_from(FAMILY))
        people.append(Human(id, given, family, f"{place}x@x.edu", str(4000 + place), draw(st.booleans()) or place == 0))
    return people


def written(draw, human):
    """A name as one of the platforms writes it."""
    form = draw(st.sampled_from(["{0} {1}", "{1}, {0}", "{1} {0}", "{0}  {1}"])).format(human.given, human.family)
    return draw(st.sampled_from([form, form.upper(), form.replace("'", "")]))


def cased(draw, text):
    return draw(st.sampled_from([text, text.upper(), text.lower()]))


# ---------------------------------------------------------------------------------------------------- exports


def book_of(people):
    """A gradebook in which everybody has another mark: the one with the number n has n / 100 percent of the maximum."""
    enrolled = [human for human in people if human.enrolled]
    marks = {human.id: Entry(Mark.GRADED, Fraction(own_mark(human)), Fraction(100)) for human in enrolled}
    scheme = Scheme((Component("work", "Work", Decimal(100), columns=("quiz",)),))
    roster = [human.student for human in enrolled]
    columns = {"quiz": Column("quiz", "marks/m.csv", Fraction(100), marks)}
    return gradebook(Sources(Course("C", scheme), {}, roster, columns, {}, Record({})))


def own_mark(human):
    return f"{int(human.number) - 3990}.00"


@given(humans(), st.data())
@QUICK
def test_no_export_gives_a_mark_or_a_page_to_somebody_else(people, data):
    by_id = data.draw(st.booleans(), "ids, not addresses")
    handed = data.draw(st.permutations(people))
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["Identifier", "Full name", "ID number", "Email address", "Grade", "Maximum Grade"])
    for human in handed:
        key = cased(data.draw, human.id if by_id else human.address)
        cells = (key, "") if by_id else ("", key)
        writer.writerow([f"Participant {human.number}", written(data.draw, human), *cells, "", "100.00"])
    book = book_of(people)
    filled = export.fill(book, {"quiz": ""}, stream.getvalue().encode(), PLATFORMS["moodle"])
    grades = [row["Grade"] for row in csv.DictReader(io.StringIO(filled.content.decode()))]
    for human, grade in zip(handed, grades, strict=True):
        assert grade == "" or (human.enrolled and grade == own_mark(human))
    assert grades.count("") == len(filled.unmatched)
    assert all(grade for human, grade in zip(handed, grades, strict=True) if human.enrolled and _alone(human, people))
    numbers = {human.id: human.number for human in people if human.enrolled}
    pages = export.moodle_participants(book, stream.getvalue().encode())
    assert pages.items() <= numbers.items()


def _alone(human, people):
    """Whether nobody else has a name made of the same words."""
    own = {human.given, human.family}
    return all({other.given, other.family} != own for other in people if other is not human)


# ---------------------------------------------------------------------------------------------------- collect


def moodle(draw, human):
    return f"{written(draw, human).replace(chr(39), '')}_{human.number}_assignsubmission_file_/a1.py"


def brightspace(draw, human):
    return f"{human.number}-44 - {written(draw, human)} - Sep 1, 2026 1158 PM/a1.py"


def teams(draw, human):
    return f"S/Submitted files/{written(draw, human)}/A1/Version {draw(st.integers(1, 12))}/a1.py"


def classroom(draw, human):
    return f"{written(draw, human)} - A1.py"


def canvas(draw, human):
    return f"{human.family}{human.given}_{human.number}_{int(human.number) + 90000}_a1.py".lower().replace("'", "")


def blackboard(draw, human):
    return f"{{title}}_{cased(draw, human.id)}_attempt_2026-09-01-10-00-00_a1.py"


def folder(draw, human):
    form = draw(st.sampled_from(["{0}.py", "{0}/a1.py", "a1_{0}.py", "{0}_final.py", "{0} (1).py", "{0}-2.py"]))
    return form.format(cased(draw, human.id))


def search_for(people):
    roster = Roster([human.student for human in people if human.enrolled])
    return Search(ASSIGNMENT, roster, Wanted("a1", frozenset({"f"})))


@given(humans(), st.sampled_from([canvas, blackboard, folder]), st.data())
@QUICK
def test_no_download_gives_a_file_to_somebody_else(tmp_path_factory, people, layout, data):
    title = data.draw(st.sampled_from(["A1", "a1", "HW_1", "Lab 2"]))
    handed = data.draw(st.lists(st.sampled_from(people), min_size=1, unique=True))
    files = {layout(data.draw, human).replace("{title}", title): human.id for human in handed}
    rows, given, left = collected(tmp_path_factory, people, files, layout.__name__)
    assert all(student == owner for student, owner in given.items())
    unsettled = set(files.values()) - set(given.values())
    assert len(unsettled) <= sum(row.state in (State.UNKNOWN, State.NEEDS_YOU) for row in rows) + len(left)


@given(humans(), st.sampled_from([moodle, brightspace, teams, classroom]), st.data())
@QUICK
def test_a_download_of_names_gives_a_file_to_nobody_who_could_be_another(tmp_path_factory, people, layout, data):
    """Names are all there is: people who could be one another have numbers of the platform that differ, if it has any.

    Where it has none, a stranger of a student's name cannot be told from that student.
    """
    numbered = layout in (moodle, brightspace)
    handing_in = [human for human in people if human.enrolled or (not _alone(human, people) if numbered else False)]
    files = {layout(data.draw, human): human.id for human in handing_in}
    rows, given, _ = collected(tmp_path_factory, people, files, layout.__name__)
    assert all(student == owner for student, owner in given.items())
    held = sum(row.state in (State.UNKNOWN, State.NEEDS_YOU) for row in rows)
    unsettled = len(set(files.values()) - set(given.values()))
    assert unsettled <= held if numbered else not unsettled or held  # without numbers, people of one name are one row


def collected(tmp_path_factory, people, files, layout):
    """(rows, who was given whose file, what is left) of a download with these files, each of which holds its owner."""
    place = tmp_path_factory.mktemp("in") / "download.zip"
    with zipfile.ZipFile(place, "w") as archive:
        for name, owner in files.items():
            archive.writestr(name, f"# {owner}\ndef f():\n    return 1\n")
    search = search_for(people)
    with Collected(Search(search.assignment, search.roster, search.wanted, layout), [place]) as collection:
        found = list(collection.found())
        left = [name for source in collection.sources for name in (*source.left, *source.refused)]
    given = {
        each.submission.student: each.submission.content.decode().splitlines()[0].removeprefix("# ")
        for each in found
        if each.submission is not None
    }
    return [each.row for each in found], given, left
