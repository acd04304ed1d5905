"""What hidden tests import: the comparison, and what makes an answer safe to calculate with.

    from grader.testing import array, bounded, close, formed, inputs, number, require, same, unpack

    close(answer, expected)           the numbers of the answer are those expected, within a tolerance
    same(answer, expected)            equal in kind, shape, dtype and value, without a tolerance
    array(answer)                     the answer as a NumPy array;  number(answer): as a float
    formed(answer, [float])           the answer, where lists, tuples and dicts are nested as the pattern says
    unpack(answer, 2)                 the parts of a tuple or list of two;  integers(answer): whole numbers of a list
    bounded(value, low=, high=)       a figure of ours (an accuracy, a loss) lies within bounds
    best_of_two(score, low=, narrow=) a figure of a training, with another training after a narrow miss
    require(condition, text)          anything else that must hold, with what the student is told if it does not
    holds(condition, text)            a condition of another system's test, as a function without arguments
    shows(answer, printed, text)      an answer is printed as a doctest has it
    each(answer)                      what a generator, or another iterable that stays in the sandbox, yields
    inputs(rng, "N D", "D")           arrays of these shapes in every kind: sizes that differ, float32, one row
    first_losses                      a probe: the first losses of a training, which goes no further
    numeric(answer)                   dtype and values of whatever is made of numbers, else None
    Mismatch                          what all of them raise; a check that catches it may go on

They raise `Mismatch`, whose text is for the student and holds no expected value. Nothing else of the package is public:
all of it may move. docs/testing.md has an example for each, and what `student`, `rng`, `device` and the marks do.
"""

from grader.checking.beginning import first_losses
from grader.checking.compare import Mismatch, array, bounded, close, number, require, same, unpack
from grader.checking.forms import formed
from grader.checking.inputs import inputs
from grader.checking.integers import integers
from grader.checking.judging import holds, shows
from grader.checking.second_chance import best_of_two
from grader.checking.values import numeric
from grader.checking.yielding import each

__all__ = [
    "Mismatch",
    "array",
    "best_of_two",
    "bounded",
    "close",
    "each",
    "first_losses",
    "formed",
    "holds",
    "inputs",
    "integers",
    "number",
    "numeric",
    "require",
    "same",
    "shows",
    "unpack",
]
