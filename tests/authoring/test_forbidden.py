"""What a hidden test forbids must stand in the text of its question."""

from pathlib import Path

import pytest

from grader.authoring.forbidden import is_printed, unprinted
from grader.paths import Paths

ROOT = Path(__file__).parents[2]
ASSIGNMENTS = sorted(folder.parent.name for folder in (ROOT / "assignments").glob("*/hidden"))
HIDDEN = """\
import pytest
pytestmark = pytest.mark.question("q1")
BY_HAND = ("torch.nn.functional.nll_loss", "aten::nll_loss*")

def ask(student):
    with student.forbids("aten::*"):
        return student.loss(1)

@pytest.mark.points(1)
def test_loss(student):
    with student.forbids(*BY_HAND, "torch.nn.RNNBase"):
        student.loss(2)
"""
MASTER = """\
# %% [markdown]
# # Losses
# {opening}

# %% [raw]
# # BEGIN QUESTION
# name: q1

# %% [markdown]
# ## q1. The loss (1 point)
# {text}

# %%
# F.nll_loss in a comment of code prints nothing
"""


@pytest.fixture
def course(tmp_path):
    def made(text, opening="numpy alone, no `torch`"):
        for name, content in {
            "assignments/a1/hidden/test_q1.py": HIDDEN,
            "solutions/a1/a1.py": MASTER.format(text=text, opening=opening),
        }.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return [(row.check, row.detail) for row in unprinted(Paths(tmp_path), "a1")]

    return made


@pytest.mark.parametrize(
    ("name", "text", "printed"),
    [
        ("torch.nn.functional.nll_loss", "`F.nll_loss` is ruled out", True),
        ("torch.nn.functional.nll_loss", "`nll_loss` is ruled out", True),
        ("torch.nn.functional.nll_loss", "`F.nll_loss_of_mine` is ruled out", False),
        ("torch.nn.functional.nll_loss", "F.nll_loss, but not in code", False),
        ("torch.nn.functional.nll_loss", "`nn.NLLLoss` is ruled out", False),
        ("torch.nn.functional.nll_loss", "`torch.nn.functional` as a whole is ruled out", True),
        ("torch.distributions.Distribution", "`torch.distributions` is ruled out", True),
        ("aten::nll_loss*", "`nn.NLLLoss` is ruled out", True),
        ("aten::nll_loss*", "`nn.CrossEntropyLoss` is ruled out", False),
        ("aten::_thnn_fused_gru_cell*", "`nn.GRUCell` is ruled out", True),
        ("aten::native_group_norm", "`F.layer_norm` is ruled out", False),
        ("aten::*", "here torch may not be used", True),
        ("aten::*", "all by hand", False),
        ("numpy.convolve", "`np.convolve` is ruled out", True),
    ],
)
def test_a_name_is_printed_where_the_text_has_it_in_code(name, text, printed):
    assert is_printed(name, text) is printed


def test_what_is_forbidden_and_not_printed_is_found_check_by_check(course):
    assert course("`F.nll_loss` and `nn.RNNBase` are ruled out") == []
    assert course("`F.nll_loss` is ruled out") == [("test_loss", "torch.nn.RNNBase")]
    assert course("`F.nll_loss` and `nn.RNNBase` are ruled out", opening="") == [("test_loss", "aten::*")]


def test_a_function_of_a_question_may_not_stand_in_the_opening_alone(course):
    found = course("`nn.RNNBase` is ruled out", opening="no `torch`, no `F.nll_loss`")
    assert ("test_loss", "torch.nn.functional.nll_loss") in found


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_name_that_our_tests_forbid_is_printed_in_its_question(assignment):
    assert [(row.check, row.detail) for row in unprinted(Paths(ROOT), assignment)] == []
