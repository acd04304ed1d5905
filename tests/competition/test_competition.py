"""A competition's description, its files of predictions, its metrics, its rule of marks, its leaderboard."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from portal_server import COMPETITION, ROWS, competition, predicted

from grader.competition import scoring, standings
from grader.competition.labels import Part, read_labels
from grader.competition.marking import rule_of
from grader.competition.predictions import read_predictions
from grader.competition.standings import Entry, Side
from grader.course.competition import METRICS, Kind, competition_ids, read_competition
from grader.course.teams import read_teams
from grader.errors import AuthoringError, SubmissionError, UsageError
from grader.paths import Paths

START = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture
def paths(tmp_path):
    competition(Paths(tmp_path), text=COMPETITION)
    return Paths(tmp_path)


def read(paths):
    return read_competition(paths, "kaggle", "Asia/Kolkata")


def test_a_competition_is_found_by_its_folder(paths):
    assert competition_ids(paths) == ("kaggle",)
    found = read(paths)
    assert (found.column, found.choose, found.higher) == ("kaggle", 2, True)
    assert found.deadline.isoformat() == "2090-01-01T12:00:00+05:30"
    with pytest.raises(UsageError, match="did you mean 'kaggle'"):
        read_competition(paths, "kagle")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('metric = "accuracy"', 'metric = "acuracy"', "did you mean 'accuracy'"),
        ('metric = "accuracy"', 'metric = "r2"', "classes: r2 compares numbers"),
        ('classes = ["cat", "dog"]', 'classes = ["cat"]', "needs all classes by name"),
        ('classes = ["cat", "dog"]', 'classes = ["cat", "part"]', "none of them 'part'"),
        ("entries_a_day = 3", "entries_a_day = 0", "entries_a_day must be from 1 to 1000"),
        ("entries_a_day = 3", "choose = 21", "choose must be from 1 to 20"),
        ("entries_a_day = 3", "public_share = 1", "public_share must be above 0 and below 1"),
        ("entries_a_day = 3", 'seed = "short"', "at least 8 letters"),
        ("entries_a_day = 3", "entries_a_dya = 3", "did you mean 'entries_a_day'"),
        ("entries_a_day = 3", 'labels = "public/labels.csv"', "cannot be among the files"),
        ('files = ["test.csv"]', 'files = ["../labels.csv"]', "a path inside"),
        ('baseline = "All cats"', 'baseline = "All dogs"', "no baseline 'All dogs' .did you mean"),
        ("score = 0.9\npoints = 100", "score = 0.9\npoints = 101", "points must be from 0 to out_of = 100"),
        ("score = 0.9\n", 'score = 0.9\nbaseline = "All cats"\n', "a score or a baseline"),
        ("[[mark]]\nscore = 0.9\npoints = 100", "", "at least two times"),
    ],
)
def test_what_is_wrong_in_competition_toml_is_said(old: str, new: str, says: str, paths):
    file = paths.competition("kaggle") / "competition.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(AuthoringError, match=says) as caught:
        read(paths)
    assert str(caught.value).startswith("competitions/kaggle/competition.toml")


def test_a_team_may_be_one_for_a_competition_alone(paths):
    paths.teams_csv.write_text("team,student,assignments\nred,dee,kaggle\nred,eve,kaggle\nblue,ann,\n")
    teams = read_teams(paths, ["tiny"], ["ann", "dee", "eve"])
    assert teams["kaggle"]["dee"].students == ("dee", "eve") and "dee" not in teams["tiny"]
    assert teams["kaggle"]["ann"].students == ("ann",)


# ------------------------------------------------------------------------------------------------ predictions


def test_predictions_may_come_in_any_order_and_as_spreadsheets_write_them(paths):
    found = read(paths)
    ids = read_labels(paths, found).ids
    lines = predicted({1}).decode().split()
    as_it_may_be = "\ufeff" + "\r\n".join(
        ["animal, id", *(",".join(reversed(line.split(","))) for line in lines[:0:-1])]
    )
    assert read_predictions(as_it_may_be.encode(), found, ids) == read_predictions(predicted({1}), found, ids)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("separator", "mark", "first"),
    [(",", ".", ""), (";", ",", ""), (";", ".", ""), ("\t", ".", ""), (";", ",", "sep=;\r\n")],
)
def test_a_spreadsheet_in_any_country_may_write_them(encoding: str, separator: str, mark: str, first: str, paths):
    found, labels, _ = of_metric(paths, "r2")
    values = {name: row + row / 1000 for row, name in enumerate(labels.ids)}
    rows = [f"{name}{separator}{value:.3f}".replace(".", mark) for name, value in values.items()]
    text = first + "\r\n".join([separator.join(found.columns), *rows])
    assert read_predictions(text.encode(encoding), found, labels.ids) == values


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("id;animal\nr00;1,5\nr01;2.5\n", "a decimal comma in line 2 and a point in line 3"),
        ("id;animal\nr00;1.234,5\n", "line 2: animal is '1.234,5'; expected a number"),
        ('id,animal\nr00,"1,234"\n', "line 2: animal is '1,234'; expected a number"),
        ("id\tanimal\nr00\t1,234\n", "line 2: animal is '1,234'; expected a number"),
        ("sep=;\nid;animal\nr00;x\n", "line 3: animal is 'x'; expected a number"),
        ("sep=;\nid;label\n", "line 2: the columns are 'id', 'label'"),
        ('sep="\nid"animal\n', "line 1: '\"' separates no columns"),
    ],
)
def test_what_a_number_means_is_never_guessed(rows: str, says: str, paths):
    found, labels, _ = of_metric(paths, "r2")
    with pytest.raises(SubmissionError, match=re.escape(says)):
        read_predictions(rows.encode(), found, labels.ids[:2])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("r03,dog\n", "r03,dgo\n", "line 5: animal is 'dgo'; expected one of cat, dog"),
        ("r03,dog\n", "r03,\n", "line 5: animal is ''"),
        ("r03,dog\n", "r33,dog\n", r"line 35: 'r33' is there already, in line 5"),
        ("r03,dog\n", "x3,dog\n", "line 5: id 'x3' is none of the 40 ids"),
        ("r03,dog\n", "", "1 of 40 ids have no row, the first of them 'r03'"),
        ("r03,dog\n", "r03,dog,7\n", "line 5: 3 cells, and 2 columns"),
        ("r03,dog\n", '"r03,dog\n', "no CSV"),
        ("id,animal", "id,label", "line 1: the columns are 'id', 'label'; expected: id, animal"),
        ("id,animal", "id,id", "line 1"),
        ("r03,dog\n", "r03,\x1b[2J\n", r"line 5: animal is '\\x1b\[2J'"),
        ("r03,dog\n", "r03," + "x" * 500 + "\n", r"line 5: animal is 'x{35}\.\.\.'"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_line(old: str, new: str, says: str, paths):
    found = read(paths)
    text = predicted(()).decode()
    assert old in text
    with pytest.raises(SubmissionError, match=says):
        read_predictions(text.replace(old, new, 1).encode(), found, read_labels(paths, found).ids)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\x00" * 9, b"PK\x03\x04", b"id,animal\n", b'"' * 500_000])
def test_what_is_no_table_is_refused(content: bytes, paths):
    found = read(paths)
    with pytest.raises(SubmissionError):
        read_predictions(content, found, read_labels(paths, found).ids)


def test_five_faults_are_told_and_no_more(paths):
    found = read(paths)
    with pytest.raises(SubmissionError) as caught:
        read_predictions(predicted(range(ROWS), wrong=lambda row: "cow"), found, read_labels(paths, found).ids)
    assert str(caught.value).count("line ") == 5


# ------------------------------------------------------------------------------------------------ metrics

NUMBERS = COMPETITION.replace('classes = ["cat", "dog"]\n', "")
THREE = COMPETITION.replace('["cat", "dog"]', '["cat", "dog", "emu"]')


def of_metric(paths, name: str):
    """A competition with this metric, over three classes where it takes them; labels of a part with all of them."""
    metric = METRICS[name]
    kind = NUMBERS if metric.kind is Kind.NUMBER else COMPETITION if metric.two_classes else THREE
    text = kind.replace('metric = "accuracy"', f'metric = "{name}"')
    folder = competition(paths, text=text)
    words = ["cat", "dog"] if metric.two_classes else ["cat", "dog", "emu"]
    cells = [f"{row % 7 + 1}" if metric.kind is Kind.NUMBER else words[row % len(words)] for row in range(ROWS)]
    rows = [f"r{row:02},{cell},{'public' if row < 18 else 'private'}" for row, cell in enumerate(cells)]
    (folder / "labels.csv").write_text("\n".join(["id,animal,part", *rows]))
    found = read(paths)
    return found, read_labels(paths, found), cells


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_prefers_what_is_right(name: str, paths):
    found, labels, cells = of_metric(paths, name)
    scoring.check(found, labels)
    worse = [cells[(row + (row % 5 != 0)) % ROWS] for row in range(ROWS)]

    def file(said: list[str]) -> bytes:
        if found.kind is not Kind.PROBABILITY:
            rows = [f"r{row:02},{cell}" for row, cell in enumerate(said)]
        elif len(found.classes) == 2:
            rows = [f"r{row:02},{0.9 if cell == 'dog' else 0.1}" for row, cell in enumerate(said)]
        else:
            shares = ({word: 0.8 if word == cell else 0.1 for word in found.classes} for cell in said)
            rows = [f"r{row:02}," + ",".join(map(str, share.values())) for row, share in enumerate(shares)]
        return "\n".join([",".join(found.columns), *rows]).encode()

    for part in Part:
        good, bad = (scoring.score(file(said), found, labels, part) for said in (cells, worse))
        assert (good > bad) if found.higher else (good < bad), (good, bad)


def test_scores_are_those_of_their_definitions(paths):
    found = read(paths)
    labels = read_labels(paths, found)
    missed = {0, 1, 2, 25}
    assert scoring.score(predicted(missed), found, labels, Part.PUBLIC) == 1 - 3 / 20
    assert scoring.score(predicted(missed), found, labels, Part.PRIVATE) == 1 - 1 / 20
    numbers, labels, cells = of_metric(paths, "root_mean_squared_error")
    given = [float(cell) + row for row, cell in enumerate(cells)]
    file = "\n".join(["id,animal", *(f"r{row:02},{number}" for row, number in enumerate(given))]).encode()
    wanted = math.sqrt(np.mean(np.arange(18.0) ** 2))
    assert scoring.score(file, numbers, labels, Part.PUBLIC) == pytest.approx(wanted, abs=1e-8)


@pytest.mark.parametrize(
    ("metric", "cell", "says"),
    [
        ("r2", "nan", "animal is 'nan'; expected a number"),
        ("r2", "1_000", "animal is '1_000'; expected a number"),
        ("r2", "1e400", "animal is '1e400'; expected a number"),
        ("r2", "٣", "expected a number"),
        ("root_mean_squared_log_error", "-0.5", "expected a number not below 0"),
        ("brier", "1.5", "expected a number from 0 to 1"),
        ("log_loss", "0.5,0.6,0.1", "the probabilities add up to 1.2, not to 1"),
    ],
)
def test_numbers_have_bounds(metric: str, cell: str, says: str, paths):
    found, labels, _ = of_metric(paths, metric)
    with pytest.raises(SubmissionError, match=f"line 2: .*{says}"):
        read_predictions(f"{','.join(found.columns)}\nr00,{cell}\n".encode(), found, labels.ids)


def test_a_part_that_cannot_be_scored_is_said_to_the_instructor(paths):
    found, labels, _ = of_metric(paths, "roc_auc")
    one = {Part.PUBLIC: [name for name in labels.ids if labels.right[name] == "cat"], Part.PRIVATE: labels.ids}
    with pytest.raises(AuthoringError, match="the public part"):
        scoring.check(found, type(labels)(labels.right, one, labels.key))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("r00,cow,public", "line 2: animal is 'cow'"),
        ("r01,cat,public", "line 3: 'r01' is there already"),
        ("r00,cat,secret", "part is 'secret'; expected public or private"),
        ("r00,cat", "line 2: expected 3 cells"),
    ],
)
def test_what_is_wrong_in_the_labels_is_said(line: str, says: str, paths):
    file = paths.competition("kaggle") / "labels.csv"
    file.write_text(file.read_text().replace("r00,dog,public", line))
    with pytest.raises(AuthoringError, match=says):
        read_labels(paths, read(paths))


def test_which_rows_are_public_follows_from_the_seed_and_not_from_the_labels(paths):
    folder = paths.competition("kaggle")
    file, toml = folder / "labels.csv", folder / "competition.toml"
    file.write_text(file.read_text().replace(",part", "").replace(",public", "").replace(",private", ""))
    with pytest.raises(AuthoringError, match="which rows are public"):
        read_labels(paths, read(paths))
    toml.write_text('seed = "nobody guesses this"\npublic_share = 0.3\n' + toml.read_text())
    drawn = read_labels(paths, read(paths))
    assert [len(drawn.parts[part]) for part in Part] == [12, 28]
    file.write_text(file.read_text().replace("r05,cat", "r05,dog"))
    corrected = read_labels(paths, read(paths))
    assert corrected.parts == drawn.parts and corrected.key != drawn.key
    toml.write_text(toml.read_text().replace("nobody guesses", "somebody guesses"))
    assert read_labels(paths, read(paths)).parts != drawn.parts


# ------------------------------------------------------------------------------------------------ marks, leaderboard


def test_a_mark_is_linear_between_what_is_named_and_constant_outside(paths):
    rule = rule_of(read(paths), {"All cats": 0.6})
    found = {score: rule.points(score) for score in (0.0, 0.6, 0.675, 0.7, 0.9, 1.0)}
    assert found == {0.0: 40, 0.6: 40, 0.675: 55, 0.7: 60, 0.9: 100, 1.0: 100}
    assert rule.points(0.6001) == Fraction("40.02")


def test_where_lower_is_better_the_rule_goes_the_other_way(paths):
    found, _, _ = of_metric(paths, "mean_absolute_error")
    rule = rule_of(found, {"All cats": 2.9})
    assert [rule.points(score) for score in (3.0, 2.9, 1.9, 0.9, 0.5)] == [40, 40, 70, 100, 100]


@pytest.mark.parametrize("score", [0.9, 0.95])
def test_a_better_score_is_never_worth_less(score: float, paths):
    with pytest.raises(AuthoringError, match="must not be worth less"):
        rule_of(read(paths), {"All cats": score})


def entry(number: int, public: float | None, private: float | None = None, student: str = "ann") -> Entry:
    return Entry(number, student, START + timedelta(hours=number), public, private)


def test_final_are_those_chosen_and_the_best_public_ones_besides():
    entries = [entry(1, 0.5, 0.9), entry(2, 0.8, 0.2), entry(3, 0.7, 0.3), entry(4, 0.8, 0.4), entry(5, None, 1.0)]

    def numbers(chosen: set[int]) -> list[int]:
        return [each.number for each in standings.finals(Side("A", ("ann",), entries, chosen), 2, True)]

    assert numbers(set()) == [2, 4] and numbers({1}) == [1, 2] and numbers({1, 3}) == [1, 3]
    assert standings.final_score(Side("A", ("ann",), entries, {1, 3}), 2, True) == 0.9
    assert standings.final_score(Side("A", ("ann",), entries, ()), 2, True) == 0.4


def test_equal_scores_share_a_place_and_baselines_have_none():
    sides = [
        Side(name, (name,), [entry(n, score, private, name)])
        for n, (name, score, private) in enumerate([("a", 0.7, 0.5), ("b", 0.8, 0.9), ("c", 0.7, 0.6), ("d", 0.2, 0.1)])
    ]
    rows = standings.public_board(sides, {"base": 0.7}, True)
    assert [(row.place, row.name) for row in rows] == [(1, "b"), (None, "base"), (2, "a"), (2, "c"), (4, "d")]
    rows = standings.final_board(sides, {"base": 0.55}, 2, True)
    assert [(row.place, row.name, row.public_place) for row in rows] == [
        (1, "b", 1),
        (2, "c", 2),
        (None, "base", None),
        (3, "a", 2),
        (4, "d", 4),
    ]
    assert [row.name for row in standings.public_board(sides, {}, False)] == ["d", "a", "c", "b"]
