"""The sample class: invented people, what became of their assignment, and the marks that were written down by hand.

Any likeness to real persons is chance.
"""

from __future__ import annotations

from dataclasses import dataclass

from examples.sample_class import accidents as a
from examples.sample_class.accidents import Story

LATE_HOURS = "late_hours="


@dataclass(frozen=True)
class Person:
    """One student. `happened`: in a few words; `level`: how good the marks entered by hand are, out of 100."""

    id: str
    name: str
    happened: str
    story: Story
    level: int = 70
    ruling: str = ""  # what marks/status.csv says about a1_mlp
    reason: str = ""
    marks: tuple[tuple[str, str], ...] = ()  # cells of marks/*.csv that matter to the story


CLASS = (
    Person("dl01", "Amina Yusuf-Bello", "everything right", a.everything_right, 88),
    Person("dl02", "Henrik Solvang", "right, saved by another editor", a.everything_right_rearranged, 79),
    Person("dl03", "Zhou Lanying", "right, exported from Colab", a.colab_export, 91),
    Person("dl04", "Diego Almarza Quiroga", "right, handed in as .py", a.python_export, 64),
    Person("dl05", "Ioana Văcărescu", "right, with an old cell left in", a.duplicated_cell, 73),
    Person("dl06", "Kwabena Asare-Donkor", "right, 80 MB of saved output", a.outputs_of_80_mb, 67),
    Person("dl07", "Tuulikki Rantamäki", "right, prints 80 MB while running", a.prints_80_mb, 82),
    Person(
        "dl08", "Rohan Bhattiprolu", "right, 30 hours late", a.everything_right, 58,
        ruling=f"{LATE_HOURS}30", reason="handed in by mail on the day after",
    ),
    Person(
        "dl09", "Siobhán Ó Duibhir", "softmax overflows", a.known_mistakes(("q5", "no_shift")), 76,
        marks=(("a2_cnn", "80"), ("a3_sequences", "80"), ("a4_generative", "40")),  # equal: the first two count
    ),
    Person(
        "dl10", "Farid Qasimzada", "two slopes at the wrong place",
        a.known_mistakes(("q4", "d_sigmoid_of_the_activation"), ("q8", "slope_forgotten")), 61,
    ),
    Person("dl11", "Lerato Mokwena", "= where += belongs", a.known_mistakes(("q7", "assigned_not_added")), 85),
    Person(
        "dl12", "Jiří Dvořáček", "a gradient N times too large",
        a.known_mistakes(("q5", "gradient_of_the_sum"), ("q7", "log_slope_of_the_output")), 70,
    ),
    Person(
        "dl13", "Nayra Condori Huanca", "biases averaged and penalised",
        a.known_mistakes(("q4", "always_float64"), ("q8", "biases_penalised")), 66,
    ),
    Person(
        "dl14", "Hanazawa Yuki", "the first half only", a.only("q1", "q2", "q3", "q4", "q5", "q6", "q7"), 84,
        marks=(("a2_cnn", "88"), ("a3_sequences", "92"), ("a4_generative", "45")),  # a1 is dropped
    ),
    Person("dl15", "Tevita Fakatava", "handed in as it was released", a.untouched_starter, 35),
    Person("dl16", "Oleksandr Hrytsiuk", "a letter missing in a name", a.renamed_function, 72),
    Person("dl17", "Karma Yangzom", "a colon deleted", a.syntax_error, 77),
    Person("dl18", "Mateus Figueirôa", "an infinite loop", a.infinite_loop, 55),
    Person("dl19", "Leilani Kahananui", "6 GB of memory", a.six_gb, 62),
    Person("dl20", "Viktor Lindqvist-Sand", "os._exit(0)", a.exits_with_zero, 40),
    Person("dl21", "Anouk Vandersteene", "objects equal to everything", a.forged_equality, 48),
    Person("dl22", "Bogdan Petrescu-Vale", "a fork bomb", a.fork_bomb, 51),
    Person("dl23", "Samira El-Tayeb", "a saved web page", a.saved_web_page, 69),
    Person("dl24", "Hoàng Minh Khuê", "git conflict marks", a.git_conflict, 74),
    Person(
        "dl25", "Chidi Nwosu-Eze", "excused", a.nothing, 80,
        ruling="excused", reason="in hospital; certificate seen", marks=(("exam2", "excused"),),
    ),
    Person(
        "dl26", "Emre Karatayli", "copied: a zero by decision", a.everything_right, 68,
        ruling="integrity", reason="same file as dl01; hearing on record",
    ),
    Person("dl27", "Aroha Te Wharau", "nothing under this number", a.nothing, 63, marks=(("exam3", ""),)),
    Person("dl28", "Luca Bentivegna-Rossi", "an optimiser short", a.all_but("q9"), 71),
)  # fmt: skip
STRANGER = Person("dl27b", "", "not on the roster; dl27 with a slip?", a.everything_right)
HOSTILE = frozenset({"dl19", "dl22"})  # memory and forks: not without walls around them
