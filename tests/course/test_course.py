"""Reading course.toml and assignment.toml: what is there is read, what is wrong is said where."""

from __future__ import annotations

import shutil
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from grader.course.config import COURSE_KEYS, COURSE_TABLES, assignment_ids, read_assignment, read_course
from grader.course.scheme import LateRule
from grader.errors import AuthoringError, UsageError
from grader.paths import PACKAGE, Paths
from grader.schema import Limits, Question

ROOT = PACKAGE.parent
PRESETS = sorted((ROOT / "examples" / "schemes").glob("*.toml"))
COURSE = """
name = "Deep Learning"

[[component]]
id = "work"
title = "Assignments"
weight = 60
assignments = ["a1_mlp"]

[[component]]
id = "exams"
title = "Exams"
weight = 40
best = 2
columns = ["exam1", "exam2", "exam3"]
"""
ASSIGNMENT = """
title = "One"
hidden_modules = ["torch"]

[limits]
call_s = 5

[[question]]
id = "q4"
title = "Activations"
points = 1.75
names = ["relu"]
"""


DEADLINES = "{}\n" + COURSE + "[deadlines]\na1_mlp = {}\n"


@pytest.fixture
def course_folder(tmp_path):
    """A course folder with one assignment; returns a function that writes changed files into it."""

    def write(course=COURSE, assignment=ASSIGNMENT):
        folder = tmp_path / "assignments" / "a1_mlp"
        folder.mkdir(parents=True, exist_ok=True)
        (tmp_path / "course.toml").write_text(course, encoding="utf-8")
        (folder / "assignment.toml").write_text(assignment, encoding="utf-8")
        return Paths(tmp_path)

    return write


# --- what is in the repository -------------------------------------------------------------------


def test_the_model_course_counts_the_best_three_of_four():
    course = read_course(Paths(ROOT))
    parts = {part.id: (part.weight, part.best, len(part.items)) for part in course.scheme.components}
    assert parts == {"assignments": (30, 3, 4), "exams": (30, 3, 4), "project": (20, None, 1), "final": (20, None, 1)}
    assert course.assignments == ("a1_mlp", "a2_cnn", "a3_sequences", "a4_generative")
    assert course.close_names == "report"


WEIGHTS = {
    "best_three_of_four": [30, 30, 20, 20],
    "mid_and_end": [30, 25, 45],
    "assignments_and_activities": [25, 40, 35],
}


def test_every_preset_is_known():
    assert {path.stem for path in PRESETS} == set(WEIGHTS)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_a_preset_is_a_whole_course(preset, tmp_path):
    shutil.copy(preset, tmp_path / "course.toml")
    for assignment_id in assignment_ids(Paths(ROOT)):
        target = Paths(tmp_path).assignment_toml(assignment_id)
        target.parent.mkdir(parents=True)
        shutil.copy(Paths(ROOT).assignment_toml(assignment_id), target)
    course = read_course(Paths(tmp_path))
    assert [part.weight for part in course.scheme.components] == WEIGHTS[preset.stem]
    assert len(course.assignments) == 4


def test_the_model_course_is_its_preset(tmp_path):
    shutil.copy(ROOT / "examples" / "schemes" / "best_three_of_four.toml", tmp_path / "course.toml")
    shutil.copytree(ROOT / "assignments", tmp_path / "assignments", ignore=lambda _, names: {"hidden"} & set(names))
    assert read_course(Paths(tmp_path)) == read_course(Paths(ROOT))


@pytest.mark.parametrize("assignment_id", assignment_ids(Paths(ROOT)))
def test_every_assignment_can_be_read(assignment_id):
    assignment = read_assignment(Paths(ROOT), assignment_id)
    assert assignment.title
    assert all(question.points > 0 and question.names for question in assignment.questions)


def test_the_first_assignment_hides_what_its_questions_forbid():
    assignment = read_assignment(Paths(ROOT), "a1_mlp")
    assert {"torch", "scipy", "sklearn", "jax", "autograd"} <= set(assignment.hidden_modules)
    assert not {"torch", "scipy", "sklearn"} & set(assignment.preload)


@pytest.mark.parametrize("assignment_id", assignment_ids(Paths(ROOT)))
def test_every_assignment_has_fourteen_questions_and_a_hundred_points(assignment_id):
    assignment = read_assignment(Paths(ROOT), assignment_id)
    assert [question.id for question in assignment.questions] == [f"q{number}" for number in range(1, 15)]
    assert assignment.max_points == 100


# --- what is read --------------------------------------------------------------------------------


def test_what_is_not_given_has_a_default(course_folder):
    course = read_course(course_folder())
    assert (course.scheme.late, course.close_names, course.release_address) == (LateRule(), "report", "")
    assert (course.scheme.rounding_digits, course.scheme.when_all_excused) == (2, "incomplete")


def test_every_key_is_read(course_folder):
    course = read_course(
        course_folder(
            'close_names = "grade"\nrelease_address = "https://example.org/dl"\nrounding_digits = 0\n'
            'when_all_excused = "reweigh"\nlate = {per_day = 2.5, unit = "points", grace_minutes = 10, max_days = 4, '
            "free_days = 5}\n" + COURSE
        )
    )
    assert course.scheme.late == LateRule(Decimal("2.5"), "points", Decimal(10), 4, 5)
    assert (course.close_names, course.release_address) == ("grade", "https://example.org/dl")
    assert (course.scheme.rounding_digits, course.scheme.when_all_excused) == (0, "reweigh")
    assert course.columns == ("exam1", "exam2", "exam3")


def test_decimals_are_read_exactly(course_folder):
    thirds = COURSE.replace("weight = 60", "weight = 33.30").replace("weight = 40", "weight = 66.7")
    assert read_course(course_folder(thirds)).scheme.components[0].weight == Decimal("33.3")
    assert read_assignment(course_folder(), "a1_mlp").max_points == Decimal("1.75")


def test_limits_that_are_not_given_keep_their_defaults(course_folder):
    limits = read_assignment(course_folder(), "a1_mlp").limits
    assert limits == Limits(call_s=5.0)


def test_an_assignment_may_have_no_questions_yet(course_folder):
    assignment = read_assignment(course_folder(assignment='title = "Later"'), "a1_mlp")
    assert (assignment.questions, assignment.max_points) == ((), 0)


def test_a_byte_order_mark_does_no_harm(course_folder):
    assert read_course(course_folder("\ufeff" + COURSE)).name == "Deep Learning"


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("weight = 60", "weight = '60'", "component[1]: weight: expected a number, got '60'"),
        ("weight = 60", "weight = nan", "component[1]: weight: expected a number, got NaN"),
        ("weight = 60", "weight = true", "component[1]: weight: expected a number, got True"),
        ("weight = 60", "weight = 0", "component[1] (work): weight must be above 0, got 0"),
        ("weight = 60", "", "component[1]: weight is missing"),
        ("weight = 60", "weight = 50", "weights must add to 100, got 90 = work 50 + exams 40"),
        ("best = 2", "best = 4", "component[2] (exams): best must be from 1 to 3, the number of items; got 4"),
        ("best = 2", "best = 2.5", "component[2]: best: expected a whole number, got 2.5"),
        ('"exam3"', '"exam1"', "item 'exam1' is there twice"),
        ('"exam3"', "3", "component[2]: columns[3]: expected text in quotes, got 3"),
        ('"exam3"', '"Exam 3"', "component[2] (exams): an id is made of a-z, 0-9 and _ and starts with a letter, got "),
        ('"exam3"', '"total"', "component[2] (exams): the id 'total' has a meaning in the tables already"),
        ('id = "exams"', 'id = "work"', "component 'work' is there twice"),
        ('assignments = ["a1_mlp"]', "", "component[1] (work): no items: give assignments = [...] or columns"),
        ('"a1_mlp"', '"a1_mpl"', "no assignment 'a1_mpl' (did you mean 'a1_mlp'?) in assignments/; there is: a1_mlp"),
        ("[[component]]", "[[component]", "not valid TOML: "),
        ("name =", "name = 3 #", "name: expected text in quotes, got 3"),
        ("name =", "late = 3\nname =", "late: expected a table, got 3"),
        ("name =", "late = {unit = 'marks'}\nname =", "late: unit must be one of percent, points, earned, got 'marks'"),
        ("name =", "close_names = 'maybe'\nname =", "close_names must be one of report, grade, got 'maybe'"),
        ("name =", "release_address = 'here'\nname =", "release_address must start with https://, got 'here'"),
    ],
)
def test_a_wrong_course_says_where_and_what(course_folder, old, new, says):
    assert old in COURSE
    with pytest.raises(AuthoringError) as caught:
        read_course(course_folder(COURSE.replace(old, new, 1)))
    assert str(caught.value).startswith(f"course.toml: {says}")
    assert "\n" not in str(caught.value)


def test_a_misspelt_key_is_answered_with_the_nearest_known_one(course_folder):
    with pytest.raises(AuthoringError) as caught:
        read_course(course_folder(COURSE.replace("weight = 60", "wieght = 60")))
    assert str(caught.value) == (
        "course.toml: component[1]: unknown key 'wieght' (did you mean 'weight'?); "
        "known: id, title, weight, assignments, columns, best, drop, weights, out_of, cap, bonus, groups"
    )


HERE = "assignments/a1_mlp/assignment.toml: "


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("call_s", "calls_s", "limits: unknown key 'calls_s' (did you mean 'call_s'?)"),
        ("call_s = 5", "call_s = 0", "limits: call_s must be a positive number, got 0.0"),
        ("call_s = 5", "memory_mib = 1.5", "limits: memory_mib: expected a whole number, got 1.5"),
        ("call_s = 5", "call_s = '5'", "limits: call_s: expected a number, got '5'"),
        ("points = 1.75", "points = '1.75'", "question[1]: points: expected a number, got '1.75'"),
        (
            "points = 1.75",
            "points = 1\nmanual = 1",
            "question[1]: manual: expected true or false, without quotes, got 1",
        ),
        (
            "points = 1.75",
            "points = 1\nmanual = true",
            "question[1] (q4): names are for hidden tests; a question that a ",
        ),
        ("points = 1.75", "points = -1", "question[1]: points: points must be finite and not negative, got -1"),
        ('id = "q4"', 'id = "4"', "question[1] (4): question id must look like q3, got '4'"),
        ('"relu"', '"re lu"', "question[1]: names[1]: expected a Python name in quotes, got 're lu'"),
        ("title", "#", "title is missing"),
        ('["torch"]', '["numpy"]', "numpy is in preload and in hidden_modules; a module is one or the other"),
        ('["torch"]', '["to-rch"]', "hidden_modules[1]: expected the name of a module in quotes, got 'to-rch'"),
        ('["torch"]', '"torch"', "hidden_modules: expected a list, got 'torch'"),
        ("title", 'files = ["../secret"]\ntitle', "files[1]: expected a path inside the assignment's folder, got "),
        ("title", 'files = ["/etc/passwd"]\ntitle', "files[1]: expected a path inside the assignment's folder"),
    ],
)
def test_a_wrong_assignment_says_where_and_what(course_folder, old, new, says):
    assert old in ASSIGNMENT
    with pytest.raises(AuthoringError) as caught:
        read_assignment(course_folder(assignment=ASSIGNMENT.replace(old, new, 1)), "a1_mlp")
    assert str(caught.value).startswith(HERE + says)


LITERALS = {
    "text": '"x"', "nothing": '""', "whole": "3", "number": "1.5", "nan": "nan", "yes": "true", "list": "[]",
    "mixed": '[1, "x"]', "table": "{x = 1}", "date": "2026-09-01", "time": "2026-09-01T23:59:00Z",
}  # fmt: skip
TAKEN = {  # what each key takes; everything else is an error
    "title": "text", "preload": "list", "hidden_modules": "list", "files": "list", "limits": "", "question": "list",
    "question.id": "", "question.title": "text", "question.points": "whole number", "question.names": "list",
    "question.manual": "yes",
    **{f"limits.{item.name}": "whole" if type(item.default) is int else "whole number" for item in fields(Limits)},
}  # fmt: skip
TAKEN_BY_A_COURSE = {
    "name": "text", "close_names": "", "language": "", "release_address": "nothing", "rounding_digits": "whole",
    "when_all_excused": "", "timezone": "nothing", "late": "", "deadlines": "", "component": "",
    "component.id": "text", "component.title": "text", "component.weight": "", "component.assignments": "list",
    "component.columns": "list", "component.best": "", "component.drop": "",
    "component.weights": "", "component.out_of": "", "component.cap": "whole number", "component.bonus": "",
    "component.groups": "list", "curve": "", "curve.total.sqrt": "yes", "curve.total.times": "whole number",
    "curve.total.add": "whole number", "curve.total.at_least": "whole number", "curve.total.at_most": "whole number",
    "late.per_day": "whole number", "late.unit": "", "late.grace_minutes": "whole number", "late.max_days": "whole",
    "late.free_days": "whole", "late.free_days_each": "", "deadlines.a1_mlp": "time",
    "cluster": "", "cluster.kind": "", "cluster.nodes": "whole",
    "portal": "", "portal.before": "", "portal.after": "", "portal.when": "", "portal.grade": "",
    "portal.graded_a_day": "whole", "portal.most_mib": "whole", "portal.requests": "whole", "portal.choose": "yes",
    "sign_in": "", "sign_in.issuer": "", "sign_in.client_id": "text", "sign_in.claim": "text", "sign_in.scopes": "",
    "sign_in.name": "text",
}  # fmt: skip


def toml(key, literal, whole):
    """A file whose `key` has this value; `whole`: the tables and what they need, by name ("" for the top)."""
    table, _, name = key.rpartition(".")
    heads = {"question": "[[question]]", "component": "[[component]]"}
    parts = []
    for part, needed in whole.items():
        lines = {**needed, **({name: literal} if part == table else {})}
        if not (part == name and not table):  # a value in the place of the whole table
            parts.append("\n".join([heads.get(part, f"[{part}]" if part else ""), *map(" = ".join, lines.items())]))
    return "\n\n".join(parts) + "\n"


@pytest.mark.parametrize("literal", LITERALS)
@pytest.mark.parametrize("key", TAKEN)
def test_a_key_of_an_assignment_takes_its_types_and_no_other(course_folder, key, literal):
    question = {"id": '"q4"', "title": '"One"', "points": "1"}
    text = toml(key, LITERALS[literal], {"": {"title": '"One"'}, "limits": {}, "question": question})
    paths = course_folder(assignment=text)
    if literal in TAKEN[key].split():
        read_assignment(paths, "a1_mlp")
    else:
        with pytest.raises(AuthoringError, match=f"{HERE}(.*{key.rpartition('.')[2]}.*)"):
            read_assignment(paths, "a1_mlp")


@pytest.mark.parametrize("literal", LITERALS)
@pytest.mark.parametrize("key", TAKEN_BY_A_COURSE)
def test_a_key_of_a_course_takes_its_types_and_no_other(course_folder, key, literal):
    part = {"id": '"work"', "title": '"Work"', "weight": "100", "assignments": '["a1_mlp"]'}
    part |= {"columns": '["x"]'} if key == "component.assignments" else {}
    whole = {"": {"name": '"DL"'}, "late": {}, "deadlines": {}, "component": part}
    whole |= {"curve.total": {}} if key.startswith("curve.") else {}
    whole |= {"cluster": {"kind": '"local"'}} if key.startswith("cluster.") else {}
    whole |= {"portal": {}} if key.startswith("portal.") else {}
    provider = {"issuer": '"https://login.example.org"', "client_id": '"x"'}
    whole |= {"sign_in": provider} if key.startswith("sign_in.") else {}
    paths = course_folder(toml(key, LITERALS[literal], whole))
    if literal in TAKEN_BY_A_COURSE[key].split():
        read_course(paths)
    else:
        with pytest.raises(AuthoringError, match=f"course.toml: (.*{key.rpartition('.')[2]}.*)"):
            read_course(paths)


def test_the_types_of_every_key_are_known_here():
    assert {key for key in TAKEN_BY_A_COURSE if "." not in key} == {*COURSE_KEYS, *COURSE_TABLES}
    assert {key.partition(".")[2] for key in TAKEN_BY_A_COURSE if key.startswith("late.")} == {
        item.name for item in fields(LateRule)
    }
    assert {key.partition(".")[2] for key in TAKEN if key.startswith("question.")} == {
        "title" if item.name == "title" else item.name for item in fields(Question)
    }


def test_a_question_that_is_there_twice_is_refused(course_folder):
    twice = ASSIGNMENT + ASSIGNMENT[ASSIGNMENT.index("[[question]]") :]
    with pytest.raises(AuthoringError, match="a question id appears twice: q4, q4"):
        read_assignment(course_folder(assignment=twice), "a1_mlp")


def test_an_unknown_assignment_is_answered_with_what_there_is():
    with pytest.raises(UsageError) as caught:
        read_assignment(Paths(ROOT), "a2_cn")
    assert str(caught.value) == (
        "no assignment 'a2_cn' (did you mean 'a2_cnn'?) in assignments/; "
        "there is: a1_mlp, a2_cnn, a3_sequences, a4_generative"
    )


def test_a_folder_name_is_no_way_out_of_the_course(course_folder):
    with pytest.raises(UsageError, match="no assignment '../a1_mlp'"):
        read_assignment(course_folder(), "../a1_mlp")


def test_a_link_that_leads_nowhere_is_told_as_such(tmp_path):
    (tmp_path / "assignments").mkdir()
    (tmp_path / "assignments" / "a1_mlp").symlink_to("../../elsewhere/a1_mlp")
    with pytest.raises(
        UsageError, match=r"is a link to ../../elsewhere/a1_mlp, which is not there; copy .* \(cp -rL\)"
    ):
        read_assignment(Paths(tmp_path), "a1_mlp")


def test_a_folder_without_a_course_says_so(tmp_path):
    with pytest.raises(UsageError, match=r"no course\.toml in "):
        read_course(Paths(tmp_path))


def test_text_that_is_not_utf8_says_at_which_byte(course_folder):
    paths = course_folder()
    paths.course_toml.write_bytes(b'name = "Caf\xe9"\n')
    with pytest.raises(AuthoringError, match=r"course\.toml: not UTF-8 text at byte 11"):
        read_course(paths)


# --- clocks


@pytest.mark.parametrize(
    ("line", "deadline", "utc"),
    [
        pytest.param("", "2026-09-01T23:59:00+05:30", "2026-09-01T18:29", id="with its zone"),
        pytest.param("", "2026-09-01T18:29:00Z", "2026-09-01T18:29", id="UTC"),
        pytest.param(
            'timezone = "Asia/Kolkata"', "2026-09-01T23:59:00", "2026-09-01T18:29", id="on the course's clock"
        ),
        pytest.param('timezone = "Europe/Berlin"', "2026-07-01T12:00:00", "2026-07-01T10:00", id="in summer"),
        pytest.param('timezone = "Europe/Berlin"', "2026-12-01T12:00:00", "2026-12-01T11:00", id="in winter"),
        pytest.param(
            'timezone = "Asia/Kolkata"', "2026-09-01T18:29:00Z", "2026-09-01T18:29", id="its own zone is above"
        ),
    ],
)
def test_a_deadline_is_a_moment(course_folder, line, deadline, utc):
    course = read_course(course_folder(DEADLINES.format(line, deadline)))
    assert course.deadlines["a1_mlp"].astimezone(UTC) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "deadline", "message"),
    [
        pytest.param(
            "",
            "2026-09-01T23:59:00",
            "deadlines: a1_mlp: whose clock? Write 2026-09-01T23:59:00+05:30 or set timezone",
            id="no zone",
        ),
        pytest.param(
            "",
            "2026-09-01",
            "deadlines: a1_mlp: expected a date and a time like 2026-09-01T23:59:00+05:30, without quotes, got "
            "datetime.date(2026, 9, 1)",
            id="no time",
        ),
        pytest.param(
            'timezone = "Asia/Kolkatta"',
            "2026-09-01T23:59:00Z",
            "timezone must be a name like 'Asia/Kolkata', got 'Asia/Kolkatta' (did you mean 'Asia/Kolkata'?)",
            id="no such zone",
        ),
        pytest.param(
            "",
            "2026-09-01T23:59:00Z\na2_cnn = 2026-09-01T23:59:00Z",
            "deadlines: 'a2_cnn' is no assignment of a component",
            id="no such assignment",
        ),
    ],
)
def test_a_deadline_that_is_no_moment_says_what_is_missing(course_folder, line, deadline, message):
    with pytest.raises(AuthoringError) as caught:
        read_course(course_folder(DEADLINES.format(line, deadline)))
    assert str(caught.value) == f"course.toml: {message}"
