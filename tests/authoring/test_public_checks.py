"""The four notebooks as a student meets them: what the public checks say of the reference, of stubs and of mistakes."""

import functools
import re
import sys
import time
import warnings

import pytest

from grader.course import isolation, known_solutions
from grader.course.config import assignment_ids, read_assignment
from grader.course.master import beside, read_master
from grader.paths import PACKAGE, Paths
from grader.submission import notebook

with warnings.catch_warnings():  # otter's own dependencies warn while they are imported
    warnings.simplefilter("ignore")
    from otter.test_files import create_test_file
    from sklearn import datasets  # noqa: F401  (so that the first check that needs it is not slow)

PATHS = Paths(PACKAGE.parent)
PATIENCE_S = {("a2_cnn", "q13"): 30, ("a2_cnn", "q14"): 30, ("a4_generative", "q4"): 10}  # they train, as students do
QUESTIONS = [
    pytest.param(assignment, question.id, id=f"{assignment}-{question.id}")
    for assignment in assignment_ids(PATHS)
    for question in read_assignment(PATHS, assignment).questions
]

QUICK = [case for case in QUESTIONS if case.values not in PATIENCE_S]
TRAINED = [pytest.param(*pair, id="-".join(pair), marks=pytest.mark.long) for pair in PATIENCE_S]


def run_cells(assignment: str, text: bytes, filename: str, experiments: bool = False) -> dict[str, object]:
    """Names after all cells ran, beside what is released."""
    names: dict[str, object] = {"__name__": "__main__"}
    with beside(PATHS, assignment):
        for cell in notebook.read(text, filename).cells:
            if experiments or not (cell.experiment or "grader.check(" in cell.code or "import otter" in cell.code):
                exec(compile(cell.code, f"cell {cell.number}", "exec"), names)
    return names


@functools.cache
def reference_of(assignment: str) -> dict[str, object]:
    return run_cells(assignment, read_master(PATHS, assignment).encode(), "master.py")


@functools.cache
def stubs_of(assignment: str) -> dict[str, object]:
    return run_cells(assignment, PATHS.starter(assignment).read_bytes(), "starter.ipynb")


def run_checks(assignment: str, question: str, names: dict[str, object]) -> dict[str, tuple[bool, str]]:
    """The public checks of one question: name of the check's function -> (passed, what the student reads)."""
    checks = create_test_file(str(PATHS.assignment(assignment) / "tests" / f"{question}.py"), None)
    with beside(PATHS, assignment):
        checks.run(names)
    results = checks.test_case_results
    return {result.test_case.body.test_func.__name__: (result.passed, result.message) for result in results}


@pytest.mark.parametrize(("assignment", "question"), QUESTIONS)
def test_the_reference_passes_every_public_check_before_anybody_loses_patience(assignment, question, capsys):
    names = dict(reference_of(assignment))
    start = time.process_time()
    results = run_checks(assignment, question, names)
    assert time.process_time() - start < PATIENCE_S.get((assignment, question), 5)
    assert results and {name: message for name, (passed, message) in results.items() if not passed} == {}


@pytest.mark.parametrize(("assignment", "question"), QUESTIONS)
def test_every_public_check_says_kindly_that_a_stub_is_open(assignment, question, capsys):
    for passed, message in run_checks(assignment, question, dict(stubs_of(assignment))).values():
        assert not passed
        assert re.search(r"NotImplementedError: q\d+: [\w. ]+ (is|are) not implemented yet$", message), message
        assert "Traceback" not in message


@pytest.mark.parametrize(("assignment", "question"), QUESTIONS)
def test_every_public_check_names_what_is_not_defined(assignment, question):
    for passed, message in run_checks(assignment, question, {}).values():
        assert not passed and f"not defined; run the cell of {question} first" in message


@pytest.mark.parametrize(("assignment", "question"), [*QUICK, *TRAINED])
def test_every_public_check_rejects_some_known_wrong_solution(assignment, question, capsys):
    """And says why: a message of its own, or the error that was raised."""
    left = set(run_checks(assignment, question, {}))
    others = read_assignment(PATHS, assignment).names_beside(question)
    for solution in known_solutions.wrong(PATHS, assignment, question):
        names = dict(reference_of(assignment))
        names["_right"] = isolation.isolate_questions(names, others)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for cell in solution.cells:
                exec(cell, names)
            results = run_checks(assignment, question, names)
        for name, (passed, message) in results.items():
            if not passed:
                assert re.search(r"\w+: \S", message)
                left.discard(name)
        if not left:
            return
    assert not left


@pytest.mark.parametrize(
    ("error", "remark"),
    [("NotImplementedError", "Nothing to see yet. q"), ("TypeError", "This experiment ended early")],
)
@pytest.mark.parametrize("assignment", assignment_ids(PATHS))
def test_the_starter_runs_to_its_end_with_nothing_filled_in_or_all_of_it_wrong(
    assignment, error, remark, tmp_path, monkeypatch, capsys
):
    """Every cell, experiments and otter included; where there is nothing to see it says so."""
    (tmp_path / "tests").symlink_to(PATHS.assignment(assignment) / "tests")
    for name in read_assignment(PATHS, assignment).files:
        (tmp_path / name).symlink_to(PATHS.assignment(assignment) / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    content = PATHS.starter(assignment).read_bytes().replace(b"raise NotImplementedError(", f"raise {error}(".encode())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_cells(assignment, content, "starter.ipynb", experiments=True)
    shown = capsys.readouterr().out
    experiments = sum(cell.experiment for cell in notebook.read(content, "starter.ipynb").cells)
    assert shown.count(remark) == experiments - 2  # not the first two, which put files beside the notebook


@pytest.mark.parametrize("assignment", ["a1_mlp", "a2_cnn", "a4_generative"])
def test_an_experiment_without_its_package_names_the_package_and_blames_no_function(assignment, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    cells = notebook.read(read_master(PATHS, assignment).encode(), "master.py").cells
    needs_it = next(cell for cell in cells if cell.experiment and "import load_digits" in cell.code)
    exec(needs_it.code, dict(reference_of(assignment)))
    said = capsys.readouterr().out
    assert said == "Nothing to see here: sklearn.datasets is not installed (README.md names all that you need).\n"


@pytest.mark.long
@pytest.mark.parametrize("assignment", assignment_ids(PATHS))
def test_the_experiments_run_with_the_reference(assignment, monkeypatch, capsys):
    monkeypatch.setenv("MPLBACKEND", "agg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = run_cells(assignment, read_master(PATHS, assignment).encode(), "master.py", experiments=True)
        names["plt"] = __import__("matplotlib.pyplot").pyplot
        assert len(names["plt"].get_fignums()) >= 10
        names["plt"].close("all")
    shown = capsys.readouterr().out
    assert "Nothing to see yet" not in shown and "ended early" not in shown


@pytest.mark.parametrize("assignment", assignment_ids(PATHS))
def test_the_notebook_states_the_points_of_the_assignment(assignment):
    starter = PATHS.starter(assignment).read_text()
    for question in read_assignment(PATHS, assignment).questions:
        assert re.search(rf"## {question.id}\. [^\n]*\({question.points} points\)", starter), question.id


@pytest.mark.parametrize("assignment", assignment_ids(PATHS))
def test_names_of_the_assignment_are_stubs_in_the_starter(assignment):
    names = stubs_of(assignment)
    for question in read_assignment(PATHS, assignment).questions:
        for name in question.names:
            assert callable(names[name]), f"{question.id}: {name}"
