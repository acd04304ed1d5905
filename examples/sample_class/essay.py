"""An essay of the sample class, which people mark: what is asked, what eight students wrote, and a rubric begun with.

Five of the eight are marked, by the rubric; three wait for whoever tries the portal.
"""

from __future__ import annotations

from decimal import Decimal

from examples.sample_class.notebooks import Cell, ipynb
from grader.bookkeeping.judging import Given, answered, judge, set_item
from grader.bookkeeping.marking import Marking
from grader.course.config import read_assignment
from grader.paths import Paths
from grader.record.judgements import Item, Judgements, Reading
from grader.record.store import Store

ASSIGNMENT, MARKER = "a5_essay", "benedikt"
TOML = """\
title = "Two short essays"

[[question]]
id = "q1"
title = "Why depth?"
points = 6
manual = true

[[question]]
id = "q2"
title = "A loss curve, read"
points = 4
manual = true
"""
COMPONENT = f"""
[[component]]
id = "essay"
title = "Essay (on top of the 100)"
weight = 2
bonus = true
assignments = ["{ASSIGNMENT}"]
"""
HERE = "*Your answer, in place of this line.*"
ASKED = (
    "## q1. Why depth? (6 points)\n\nA network with one hidden layer can come as near to any continuous function as"
    " wanted. Why do we build deep ones? Ten lines at most.",
    "## q2. A loss curve, read (4 points)\n\nThe loss on the training data falls, that on the validation data falls"
    " and then rises. What happens, and what would you do?",
)
WRITTEN: dict[str, tuple[str, str]] = {
    "dl01": (
        "The theorem says that *some* width is enough, not that it is a small one. There are functions that a deep"
        " network writes down with few units and a shallow one with exponentially many: parity, or a sawtooth that"
        " each layer folds once more. And later layers use again what earlier ones have found.",
        "From where the second curve turns the network learns what is in the training data alone. Keep the weights of"
        " the lowest validation loss (early stopping), or regularise: weight decay, dropout, more data.",
    ),
    "dl02": (
        "Because deep networks have more parameters and are therefore more powerful.",
        "Overfitting. I would stop at the minimum of the validation loss.",
    ),
    "dl05": (
        "Each layer folds the space; `n` layers fold it 2^n times. One layer needs 2^n units for the same.",
        "The network memorises. Smaller network, or weight decay.",
    ),
    "dl09": ("It works better in practice.", "The learning rate is too large."),
    "dl11": (
        "Features are made of features: edges, parts, things. A single layer would have to know every thing at once,"
        " in every place. The theorem bounds nothing: neither the width nor how it is found by gradient descent.",
        HERE,
    ),
    "dl12": (
        "A shallow network may need exponentially many units for what a deep one does with a number that grows with"
        " the depth. For example the parity of *n* bits.",
        "Overfitting begins where the validation loss turns. Early stopping; more data; dropout.",
    ),
    "dl16": (
        "The universal approximation theorem is about existence. Training must find it, and deep networks are easier"
        " to train (with skip connections).",
        "It rises because the model is too confident in wrong answers. I would look at the accuracy, too.",
    ),
    "dl28": ("Depth reuses features.", "Regularise."),
}
RUBRIC = (
    ("q1", "3", "the theorem says nothing about the width"),
    ("q1", "2", "an example, or a count, of what depth saves"),
    ("q1", "1", "features are used again"),
    ("q2", "2", "overfitting, and where it begins"),
    ("q2", "2", "a remedy that fits"),
)
GIVEN: dict[str, tuple[tuple[int, ...], tuple[int, ...], str]] = {  # numbers of items by question, a comment on q1
    "dl01": ((1, 2, 3), (1, 2), "As in the lecture, and shorter."),
    "dl02": ((), (1, 2), "A wide network has many parameters, too. What does depth do that width does not?"),
    "dl05": ((2,), (1, 2), ""),
    "dl09": ((), (), "Which practice? Name what you have seen."),
    "dl11": ((1, 3), (), ""),
}


def starter() -> bytes:
    """The notebook as it is released."""
    return _notebook(HERE, HERE)


def handed_in(student: str) -> bytes | None:
    """What a student wrote; None where that is nothing."""
    return _notebook(*WRITTEN[student]) if student in WRITTEN else None


def _notebook(*answers: str) -> bytes:
    cells = [Cell("markdown", "# Two short essays")]
    for asked, answer in zip(ASKED, answers, strict=True):
        cells += [Cell("markdown", asked), Cell("markdown", answer)]
    return ipynb(tuple(cells))


def begin_marking(paths: Paths) -> None:
    """Write the rubric and the marks of five essays; nothing where there is a rubric already."""
    assignment = read_assignment(paths, ASSIGNMENT)
    with Store.open(paths.record) as store:
        marking = Marking.read(paths, store, assignment)
        if Judgements(store).items(ASSIGNMENT, "q1"):
            return
        for question, points, text in RUBRIC:
            set_item(store, assignment, Item(ASSIGNMENT, question, 0, text, Decimal(points), who=MARKER))
        for student, (first, second, comment) in GIVEN.items():
            stored = store.current_attempt(student, ASSIGNMENT)
            if stored is None:
                continue
            for question, items, said in (("q1", first, comment), ("q2", second, "")):
                about = answered(assignment, marking.due(stored.attempt, question))
                judge(store, assignment, about, Reading.FIRST, Given(items, Decimal(0), said, MARKER))
