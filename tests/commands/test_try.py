"""`grader try`: what a file would get is what it gets; nothing of it is on record, and no other question is run."""

import json

import pytest
from chained import WALK, WALKER, WAY, WRONG_FIRST, chained_course
from tiny import hidden, ipynb

IN_PROCESSES = ("--sandbox", "process", "--workers", "1", "--quiet")
RIGHT = ("def step(x): return x / 2 + 1", "class Base:\n    def one(self): return 1.0", WALK, WALKER, WAY)


@pytest.fixture
def paths(tmp_path, monkeypatch):
    made = chained_course(tmp_path)
    monkeypatch.setenv("GRADER_COURSE", str(tmp_path))
    (tmp_path / "right.ipynb").write_bytes(ipynb(*RIGHT))
    (tmp_path / "wrong.ipynb").write_bytes(ipynb(*WRONG_FIRST))
    return made


def test_what_it_says_is_what_grading_says_and_the_record_holds_nothing_of_it(paths, grader):
    file = paths.root / "wrong.ipynb"
    code, said, _ = grader("try", "tiny", file, "--json", *IN_PROCESSES)
    (tried,) = json.loads(said)["attempts"]
    assert code == 1 and not paths.record.exists()
    (graded,) = json.loads(grader("grade", "tiny", file, "--json", *IN_PROCESSES)[1])["attempts"]
    assert tried["student"] == "wrong.ipynb" and graded["student"] == "wrong"
    same = ("points", "questions", "submission")
    assert [tried[name] for name in same] == [graded[name] for name in same]


def test_some_questions_of_several_files_in_their_order(paths, grader):
    files = [paths.root / "wrong.ipynb", paths.root / "right.ipynb"]
    code, said, _ = grader("try", "tiny", *files, "--question", "2", *IN_PROCESSES)
    assert code == 1
    assert said.index("wrong.ipynb  tiny") < said.index("right.ipynb  tiny")
    assert "q2" in said and "q1   " not in said
    code, said, _ = grader("try", "tiny", files[1], *IN_PROCESSES)
    assert code == 0 and "9 of 9 points" in said


def test_a_seed_by_name_draws_the_same_again_and_others_than_grading_does(paths, grader):
    coins = [f"def test_{k}(student, rng): assert student.step(float(rng.integers(2))) == 0.0" for k in range(10)]
    marks = 'import pytest\npytestmark = [pytest.mark.question("q1"), pytest.mark.points(0.2)]'
    hidden(paths, "test_q1.py", "\n".join([marks, *coins]))
    file = paths.root / "told.ipynb"
    file.write_bytes(ipynb("def step(x): return x", "class Base: pass"))

    def drawn(*named):
        said = grader("try", "tiny", file, "--question", "q1", "--json", *named, *IN_PROCESSES)[1]
        return [check["outcome"] for check in json.loads(said)["attempts"][0]["questions"][0]["checks"]]

    assert drawn("--seed", "a") == drawn("--seed", "a") != drawn("--seed", "b")
    assert drawn() == drawn() != drawn("--seed", "a")


def test_what_cannot_be_tried_is_said(paths, grader):
    (paths.root / "more").mkdir()
    twin = paths.root / "more" / "right.ipynb"
    twin.write_bytes(b"{}")
    for given, words in [
        ([paths.root / "nothing.ipynb"], "nothing.ipynb: No such file"),
        ([paths.root], "name notebooks, .py files or zips"),
        ([paths.root / "right.ipynb", twin], "have one name"),
        ([twin, "--question", "q7"], "no question 'q7'"),
    ]:
        code, _, said = grader("try", "tiny", *given, *IN_PROCESSES)
        assert code == 2 and words in said
