"""`grader similar`: a class from notebooks to the document, the page, what is set aside, and plain files."""

import json
import re

import pytest
from tiny import RIGHT, ipynb, small_course

from grader.exit_codes import AUTHORING, DONE, USAGE
from grader.record.store import Store

COPIED = """
def running_sum(x):
    total, out = 0.0, []
    for value in np.asarray(x).ravel():
        total = total + float(value)
        out.append(total if total != 17 else 17.0)
    return np.array(out).reshape(np.shape(x))
"""
DISGUISED = (
    COPIED.replace("total", "acc")
    .replace("out", "res")
    .replace("value", "v")
    .replace("    for", "    # go on adding\n    for")
)
OTHERS = [
    f"def running_sum(x):\n    return np.add.accumulate(x) + {n} * np.zeros_like(x) - np.f{n}(x, {n})" for n in range(4)
]


@pytest.fixture
def paths(tmp_path, monkeypatch):
    made = small_course(tmp_path / "course")
    monkeypatch.setenv("GRADER_COURSE", str(made.root))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "ada.ipynb").write_bytes(ipynb(*RIGHT, COPIED))
    (folder / "bob.ipynb").write_bytes(ipynb(DISGUISED, *RIGHT))
    for number, source in enumerate(OTHERS):
        (folder / f"s{number}.ipynb").write_bytes(ipynb(*RIGHT, source))
    (folder / "cy.ipynb").write_bytes(b"%PDF-1.7 printed")
    return made


def test_one_document_with_the_pairs_most_alike_first(paths, grader):
    code, out, err = grader("similar", "tiny", "in", "--json")
    document = json.loads(out)
    first = document["pairs"][0]
    assert code == DONE and set(first["students"]) == {"ada", "bob"} and first["shared"] > 0.9
    assert first["questions"][0]["shared"] > 0.9 and not first["identical"]
    assert [pair["score"] for pair in document["pairs"]] == sorted(
        (p["score"] for p in document["pairs"]), reverse=True
    )
    assert "cy: left out" in err and document["hand_ins"] == 6
    assert grader("similar", "tiny", "in", "--json")[1] == out, "the same files give the same bytes"


def test_the_same_code_word_for_word_stands_first_whatever_the_file(paths, grader, tmp_path):
    (tmp_path / "in" / "dee.ipynb").write_bytes(ipynb("\n\n".join([*RIGHT, OTHERS[0]])))  # s0's, in one cell
    code, out, _ = grader("similar", "tiny", "in", "--json")
    first, *others = json.loads(out)["pairs"]
    assert code == DONE and first["students"] == ["dee", "s0"] and first["identical"]
    assert not any(pair["identical"] for pair in others)
    assert re.search(r"dee +s0 +100 % +the same code word for word", grader("similar", "tiny", "in")[1])


def test_the_page_lays_pairs_side_by_side_and_runs_nothing(paths, grader, tmp_path):
    code, out, _ = grader("similar", "tiny", "in")
    page = (tmp_path / "build" / "similar" / "tiny.html").read_text()
    assert code == DONE and re.search(r"ada +bob +100 %|bob +ada", out)
    assert "<mark>" in page and "total + float(value)" in page and "acc + float(v)" in page
    assert "<script" not in page and "default-src &#x27;none&#x27;" in page
    assert "Alike is not copied" in " ".join(page.split())


def test_a_pair_is_set_aside_with_a_reason_and_said_to_be(paths, grader):
    assert grader("similar", "tiny", "in", "--set-aside", "ada", "bob")[0] == USAGE
    assert grader("similar", "tiny", "in", "--set-aside", "ada", "eve", "--reason", "x")[0] == USAGE
    code, out, _ = grader("similar", "tiny", "in", "--set-aside", "bob", "ada", "--reason", "a team", "--who", "ta")
    assert code == DONE and "set aside: a team" in out
    pairs = json.loads(grader("similar", "tiny", "in", "--json")[1])["pairs"]
    assert [pair["set_aside"] for pair in pairs if set(pair["students"]) == {"ada", "bob"}] == ["a team"]
    assert not re.search(r"^(ada +bob|bob +ada)", grader("similar", "tiny", "in")[1], re.MULTILINE)
    (paths.root / "similar" / "tiny.csv").write_text("who,what\n")
    assert grader("similar", "tiny", "in")[0] == AUTHORING


def test_an_earlier_year_and_public_solutions_are_compared_with_this_class(paths, grader, tmp_path):
    from grader.schema import Submission

    (tmp_path / "last" / ".grader").mkdir(parents=True)
    with Store.open(tmp_path / "last" / ".grader" / "record.sqlite") as store:
        for name, source in (("zoe", DISGUISED), ("yan", DISGUISED)):
            store.add_submission(Submission(name, "tiny", "tiny.ipynb", ipynb(*RIGHT, source)))
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "found.py").write_text(COPIED)
    code, out, _ = grader("similar", "tiny", "in", "--also", "last", "--known", "web", "--json")
    names = [set(pair["students"]) for pair in json.loads(out)["pairs"]]
    assert code == DONE and {"ada", "zoe (last)"} in names and {"ada", "found.py (known)"} in names
    assert {"zoe (last)", "yan (last)"} not in names, "earlier years are no concern of this one"
    aside = ("--set-aside", "ada", "zoe (last)", "--reason", "repeats the course")
    assert grader("similar", "tiny", "in", *aside)[0] == USAGE, "that year is not named"
    assert grader("similar", "tiny", "in", "--also", "last", *aside)[0] == DONE
    pairs = json.loads(grader("similar", "tiny", "in", "--also", "last", "--json")[1])["pairs"]
    assert [p["set_aside"] for p in pairs if set(p["students"]) == {"ada", "zoe (last)"}] == ["repeats the course"]
    assert grader("similar", "tiny", "in", "--also", "nowhere")[0] == USAGE


def test_plain_files_for_other_programs(paths, grader, tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "found.py").write_text(COPIED)
    code, out, _ = grader("similar", "tiny", "in", "--plain", "plain", "--known", "web")
    plain = tmp_path / "plain"
    files = sorted((plain / "submissions").rglob("*.py"))
    assert code == DONE and len(files) == 6 and "6 hand-ins, 1 earlier or public" in out
    assert all("def running_sum" in file.read_text() and "ada" not in file.read_text() for file in files)
    assert "def running_sum" in (plain / "earlier" / "0001" / "tiny.py").read_text()
    assert (plain / "base" / "tiny.py").is_file() == paths.starter("tiny").is_file()
    rows = dict(line.split(",") for line in (plain / "students.csv").read_text().splitlines())
    assert rows["submissions/0001"] == "ada" and rows["earlier/0001"] == "found.py (known)"
    commands = [line.split() for line in out.splitlines() if line.startswith(("JPlag", "MOSS"))]
    assert [words[0] for words in commands] == ["JPlag:", "MOSS:"] and all(
        "plain/submissions" in " ".join(w) for w in commands
    )


def test_nothing_collected_is_said(paths, grader):
    code, _, err = grader("similar", "tiny")
    assert code == USAGE and "nothing is collected for tiny" in err
