"""Which upload counts, which of its files is graded, which go with it: every decision is told, none is silent."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from grader.collect.choosing import FIRST, Wanted, extras_of, notebook_of, upload_that_counts
from grader.collect.entries import MIB, Entry
from grader.collect.remarks import Weight
from grader.collect.uploads import Upload
from grader.course.people import Person
from grader.errors import SubmissionError

STARTER = ("def relu(x):\n    ...", "def softmax(x):\n    ...")
WANTED = Wanted("a1_mlp", frozenset({"relu", "softmax", "tanh"}), STARTER)


def notebook(*sources):
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


ONE = notebook("def relu(x):\n    return x")
TWO = notebook("def relu(x):\n    return 2 * x")
FULL = notebook("def relu(x):\n    return x", "def softmax(x):\n    return x", "def tanh(x):\n    return x")
UNTOUCHED = notebook(*STARTER)


def entry(path, content=b"", rank=0):
    return Entry(path, len(content), lambda: content, rank=rank)


def choose(*found, wanted=WANTED):
    chosen, remarks = notebook_of([entry(*each) for each in found], wanted)
    return chosen and chosen.path, [(remark.text, remark.weight) for remark in remarks]


NAMED = "a1_mlp.ipynb is named for a1_mlp"


@pytest.mark.parametrize(
    ("found", "chosen", "remark"),
    [
        pytest.param([("x.ipynb", ONE), ("x.py", b"")], "x.ipynb", None, id="the only notebook"),
        pytest.param([("x.py", b"x = 1"), ("notes.txt", b"")], "x.py", None, id="a script where there is no notebook"),
        pytest.param([("essay.pdf", b"%PDF"), ("x.txt", b"")], "essay.pdf", None, id="the largest file, to be named"),
        pytest.param([("a1.ipynb.txt", ONE)], "a1.ipynb.txt", None, id="a notebook whose name was changed"),
        pytest.param(
            [("a1_mlp.ipynb", ONE), ("b.ipynb", ONE)], "a1_mlp.ipynb", "b.ipynb not used: the same file as another",
            id="the same twice",
        ),
        pytest.param(
            [("a1_mlp.ipynb", UNTOUCHED), ("mine.ipynb", ONE)], "mine.ipynb",
            "a1_mlp.ipynb not used: it is as it was released", id="not the one that was released",
        ),
        pytest.param(
            [("a1_mlp.ipynb", ONE), ("scratch.ipynb", TWO)], "a1_mlp.ipynb", f"scratch.ipynb not used: {NAMED}",
            id="the one named for the assignment",
        ),
        pytest.param(
            [("my_A1-MLP_work.ipynb", ONE), ("scratch.ipynb", FULL)], "my_A1-MLP_work.ipynb",
            "scratch.ipynb not used: my_A1-MLP_work.ipynb is named for a1_mlp", id="nearly named for it",
        ),
        pytest.param(
            [("a1_mlp (2).ipynb", ONE), ("a1_mlp.ipynb", TWO), ("a1_mlp (10).ipynb", FULL)], "a1_mlp (10).ipynb",
            "a1_mlp (2).ipynb, a1_mlp.ipynb not used: a1_mlp (10).ipynb is the last of 3 copies; "
            "--policy first takes the first", id="the last copy by its number",
        ),
        pytest.param(
            [("p.ipynb", ONE), ("q.ipynb", FULL)], "q.ipynb",
            "p.ipynb not used: q.ipynb defines more of what is asked for", id="the fuller one",
        ),
    ],
)  # fmt: skip
def test_one_of_several_files_is_chosen_and_why_is_said(found, chosen, remark):
    expected = [] if remark is None else [(remark, Weight.MENDED)]
    assert choose(*found) == (chosen, expected)
    assert choose(*reversed(found))[0] == chosen


def test_where_nothing_decides_a_person_is_asked():
    chosen, ((text, weight),) = choose(("p.ipynb", ONE), ("q.ipynb", TWO))
    assert (chosen, weight) == ("q.ipynb" if len(TWO) > len(ONE) else "p.ipynb", Weight.ASK)
    assert "could be meant as well: collect only what is meant" in text


def test_the_first_copy_is_taken_by_policy():
    found = [("a1_mlp (2).ipynb", ONE), ("a1_mlp.ipynb", TWO)]
    assert choose(*found, wanted=Wanted("a1_mlp", policy=FIRST))[0] == "a1_mlp.ipynb"


def test_the_platforms_order_of_copies_is_above_their_names():
    found = [("a1_mlp.ipynb", ONE, 12), ("a1_mlp-1.ipynb", TWO, 11)]
    assert choose(*found)[0] == "a1_mlp.ipynb"


def test_a_copy_that_jupyter_saved_is_the_last_resort():
    saved = ".ipynb_checkpoints/a1-checkpoint.ipynb"
    assert choose((saved, FULL), ("a1.ipynb", ONE)) == ("a1.ipynb", [])
    assert choose((saved, ONE)) == (saved, [("only a copy that Jupyter saved by itself is there", Weight.ASK)])


def test_no_file_at_all_is_no_notebook():
    assert choose() == (None, [])


def test_a_file_that_cannot_be_read_loses_against_one_that_can():
    def broken():
        raise SubmissionError("damaged")

    found = [Entry("p.ipynb", 999, broken), entry("q.ipynb", ONE)]
    assert notebook_of(found, WANTED)[0].path == "q.ipynb"


# --- uploads

MONDAY = datetime(2026, 9, 1, 12, tzinfo=UTC)


def upload(*names, place="a.zip", order=(), said="", content=ONE):
    return Upload((Person("Ada"),), tuple(entry(name, content) for name in names), place, order=order, said=said)


def count(uploads, moments=None, policy="last"):
    chosen, remarks = upload_that_counts(
        uploads, moments or [None] * len(uploads), ["a.zip", "b.zip"], Wanted("a1_mlp", policy=policy)
    )
    return chosen, [remark.text for remark in remarks]


def test_times_are_above_everything():
    early, late = upload("x.ipynb", place="b.zip", content=ONE), upload("x.ipynb", place="a.zip", content=TWO)
    moments = [MONDAY, MONDAY + timedelta(hours=1)]
    chosen, remarks = count([early, late], moments)
    assert chosen.place == "a.zip"
    assert remarks == ["what is in a.zip is used, the last of 2; --policy first takes another"]
    assert count([early, late], moments, policy="first")[0].place == "b.zip"


def test_the_platforms_order_decides_within_a_download():
    uploads = [upload("x.ipynb", order=(n,), said=f"Version {n}", content=bytes([n])) for n in (2, 10, 9)]
    chosen, remarks = count(uploads)
    assert chosen.said == "Version 10"
    assert remarks == ["Version 10 is used, the last of 3; --policy first takes another"]


def test_without_times_the_download_that_was_given_last_counts_and_that_is_said():
    chosen, remarks = count([upload("x.ipynb", place="b.zip", content=ONE), upload("x.ipynb", content=TWO)])
    assert chosen.place == "b.zip"
    assert "in the order in which the downloads were given" in remarks[0]


def test_the_same_upload_in_two_downloads_needs_no_decision():
    assert count([upload("x.ipynb"), upload("x.ipynb", place="b.zip")])[1] == [
        "there 2 times, every time the same files"
    ]


def attempt(day, place="b.zip", zone=None):
    return Upload((Person("Ada"),), (entry("x.ipynb", bytes([day])),), place, when=datetime(2026, 9, day, tzinfo=zone))


def counting(uploads, moments):
    """What is in the upload that counts as the last, and in the one that counts as the first."""
    places = ["a.zip", "b.zip", "c.zip"]
    chosen = [
        upload_that_counts(uploads, moments, places, Wanted("a1_mlp", policy=policy))[0] for policy in ("last", FIRST)
    ]
    return tuple(b"".join(file.read() for file in each.files) for each in chosen)


CANVAS = upload("x.ipynb", place="a.zip", content=b"c")


@pytest.mark.parametrize(
    ("uploads", "last", "first"),
    [
        pytest.param([CANVAS, attempt(1), attempt(3)], bytes([3]), b"c", id="a download without times before it"),
        pytest.param([CANVAS, attempt(3), attempt(1)], bytes([3]), b"c", id="the attempts the other way round"),
        pytest.param(
            [attempt(1, "a.zip"), attempt(3, "a.zip"), upload("x.ipynb", place="b.zip", content=b"c")],
            b"c", bytes([1]), id="a download without times behind it",
        ),
        pytest.param(
            [attempt(1, "a.zip"), attempt(3, "a.zip"), upload("x.ipynb", place="b.zip", content=b"c"),
             attempt(2, "c.zip")],
            b"c", bytes([1]), id="an attempt that another is known to follow, in the last download",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("clock", ["known", "unknown"])
def test_attempts_stay_apart_whatever_other_downloads_are_there(uploads, last, first, clock):
    moments = [each.when and each.when.replace(tzinfo=UTC) if clock == "known" else None for each in uploads]
    assert counting(uploads, moments) == (last, first)


def test_attempts_on_an_unknown_clock_stay_apart_beside_those_on_a_known_one():
    uploads = [attempt(9, "a.zip", UTC), attempt(1), attempt(3)]
    assert counting(uploads, [uploads[0].when, None, None]) == (bytes([3]), bytes([9]))


def test_files_that_nothing_puts_in_order_are_taken_together():
    chosen, remarks = count([upload("a.ipynb"), upload("b.py"), upload("b.py", content=TWO)])
    assert [file.path for file in chosen.files] == ["a.ipynb", "b.py", "3/b.py"]
    assert remarks == []


def test_a_last_upload_without_a_notebook_is_pointed_out():
    uploads = [upload("a.ipynb", order=(1,), said="attempt 1"), upload("a.pdf", order=(2,), said="attempt 2")]
    assert count(uploads)[1][1] == "there is no notebook in it, but in another upload of the same person"


# --- what goes with the notebook


def extras(*found, chosen="a1.ipynb", most_bytes=MIB):
    entries = [entry(*each) for each in found]
    taken, remarks = extras_of(entries, next(each for each in entries if each.path == chosen), most_bytes)
    return dict(taken), [remark.text for remark in remarks]


def test_other_files_come_along_by_their_path_from_the_notebook():
    found = [
        ("w/a1.ipynb", ONE),
        ("w/helpers.py", b"h"),
        ("w/d/weights.npz", b"w"),
        ("top.txt", b"t"),
        ("w/b.ipynb", b""),
    ]
    assert extras(*found, chosen="w/a1.ipynb") == (
        {"helpers.py": b"h", "d/weights.npz": b"w", "top.txt": b"t"},
        [],
    )


def test_what_is_too_large_is_left_out_and_named():
    found = [("a1.ipynb", ONE), ("w.pt", bytes(2 * MIB)), ("small.npz", b"s")]
    assert extras(*found) == (
        {"small.npz": b"s"},
        ["w.pt (2.0 MiB) left out: at most 1 MiB of files go with a notebook"],
    )


def test_two_files_of_one_name_are_pointed_out():
    found = [("w/a1.ipynb", ONE), ("w/h.py", b"near"), ("h.py", b"far")]
    assert extras(*found, chosen="w/a1.ipynb") == ({"h.py": b"near"}, ["h.py is left out: another file has its name"])
