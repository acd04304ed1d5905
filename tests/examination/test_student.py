"""What a hidden test sees of a submission: plain values, references to what stays there, faults that end the check."""

import re

import numpy as np
import pytest
from tiny import assignment, ended, opened

from grader import wire
from grader.checking.compare import Mismatch
from grader.checking.judging import holds
from grader.errors import AuthoringError
from grader.examination.student import Reference, StudentFault
from grader.examination.transcript import Transcript
from grader.sandbox.process import ProcessSandbox
from grader.schema import Outcome


@pytest.fixture(scope="module")
def sandbox():
    slot = ProcessSandbox(assignment())
    yield slot
    slot.close()


LINEAR = """
import numpy as np

class Linear:
    def __init__(self, inputs, outputs):
        self.weight = np.zeros((outputs, inputs))
        self.bias = np.zeros(outputs)
        self.log = []

    def forward(self, x, *, scale=1.0):
        self.log.append(x.shape)
        return scale * (x @ self.weight.T + self.bias)

    def parts(self):
        return {"self": self, "list": [self.forward, Linear], "shape": self.weight.shape}

def make(inputs, outputs):
    return Linear(inputs, outputs)

def counter():
    count = 0
    def step(by=1):
        nonlocal count
        count += by
        return count
    return step
"""


class TestReferences:
    def test_attributes_are_set_and_got_and_methods_called(self, sandbox):
        with opened(sandbox, LINEAR) as submission:
            student = submission.check()
            layer = student.Linear(3, 2)
            assert isinstance(layer, Reference) and repr(layer) == "<an object of class Linear in the sandbox>"
            layer.weight = np.arange(6.0).reshape(2, 3)
            layer.bias = [1.0, 2.0]
            assert np.array_equal(layer.forward(np.ones((1, 3))), [[4.0, 14.0]])
            assert np.array_equal(layer.forward(np.ones((1, 3)), scale=2.0), [[8.0, 28.0]])
            assert layer.log == [(1, 3), (1, 3)] and layer.bias == [1.0, 2.0]
            layer.bias = None
            assert layer.bias is None

    def test_they_stand_in_containers_and_go_back_as_arguments(self, sandbox):
        with opened(
            sandbox, LINEAR, "def describe(layers):\n    return [type(a).__name__ for a in layers['all']]"
        ) as submission:
            student = submission.check()
            parts = student.make(3, 2).parts()
            assert parts["shape"] == (2, 3)
            assert [type(part) for part in (parts["self"], *parts["list"])] == [Reference] * 3
            assert parts["list"][0](np.ones((1, 3))).shape == (1, 2)
            assert parts["list"][1](5, 4).weight.shape == (4, 5)
            assert student.describe({"all": [parts["self"], student.Linear(1, 1), 3]}) == ["Linear", "Linear", "int"]

    def test_closures_keep_their_state(self, sandbox):
        with opened(sandbox, LINEAR) as submission:
            student = submission.check()
            one, other = student.counter(), student.counter()
            assert [one(), one(5), other(), one()] == [1, 6, 1, 7]

    def test_class_attributes_and_class_methods_are_reached_by_name(self, sandbox):
        with opened(
            sandbox, "class A:\n    size = 4\n    @classmethod\n    def make(cls):\n        return cls()"
        ) as submission:
            student = submission.check()
            assert student.A.size == 4 and isinstance(student.A.make(), Reference)

    def test_operators_work_on_both_sides(self, sandbox):
        value = """
import numpy as np
class Value:
    def __init__(self, data): self.data = data
    def __repr__(self): return "a secret"
for name, symbol in dict(add="+", sub="-", mul="*", truediv="/", floordiv="//", mod="%", pow="**", matmul="@").items():
    def forward(self, other, symbol=symbol): return ("left", symbol, getattr(other, "data", other))
    def backward(self, other, symbol=symbol): return ("right", symbol, other)
    setattr(Value, f"__{name}__", forward)
    setattr(Value, f"__r{name}__", backward)
Value.__neg__ = lambda self: ("neg",)
Value.__pos__ = lambda self: ("pos",)
Value.__abs__ = lambda self: ("abs",)
Value.__array_ufunc__ = None
"""
        with opened(sandbox, value) as submission:
            student = submission.check()
            a, b = student.Value(2), student.Value(3)
            assert [a + b, a - b, a * b, a / b, a // b, a % b, a**b, a @ b] == [
                ("left", symbol, 3) for symbol in ("+", "-", "*", "/", "//", "%", "**", "@")
            ]
            assert [5 + a, 5 - a, 5 * a, 5 / a, 5 // a, 5 % a, 5**a, [5] @ a][:7] == [
                ("right", symbol, 5) for symbol in ("+", "-", "*", "/", "//", "%", "**")
            ]
            assert (np.float64(5) + a) == ("right", "+", 5)
            side, symbol, operand = np.ones(2) @ a
            assert (side, symbol, operand.tolist()) == ("right", "@", [1, 1])
            assert [-a, +a, abs(a)] == [("neg",), ("pos",), ("abs",)]
            assert "secret" not in repr(a)

    def test_items_are_got_and_set_and_counted(self, sandbox):
        box = """
class Box:
    def __init__(self): self.held = {}
    def __getitem__(self, key): return self.held[key]
    def __setitem__(self, key, value): self.held[key] = value
    def __len__(self): return len(self.held)
"""
        with opened(sandbox, box) as submission:
            made = submission.check().Box()
            made["a", 1] = np.ones(2)
            made[0] = "zero"
            assert made["a", 1].tolist() == [1, 1] and made[0] == "zero" and len(made) == 2

    def test_they_have_no_opinion_on_equality_truth_and_iteration(self, sandbox):
        forged = """
class Yes:
    def __eq__(self, other): return True
    def __bool__(self): return False
    def __len__(self): return -1
    __hash__ = None
"""
        with opened(sandbox, forged) as submission:
            yes = submission.check().Yes()
            assert yes != 3 and yes and yes == yes  # noqa: PLR0124
            with pytest.raises(Mismatch, match="an object of class Yes, where values were asked for"):
                list(yes)
            with pytest.raises(Mismatch, match="an object of class Yes, where values were asked for"):
                float(yes)

    def test_a_missing_attribute_is_the_students_error(self, sandbox):
        with opened(sandbox, LINEAR) as submission:
            layer = submission.check().Linear(3, 2)
            outcome, says = ended(lambda: layer.wieght)
            assert outcome is Outcome.ERROR and "no attribute 'wieght'" in says

    def test_whether_there_is_an_attribute_can_be_asked(self, sandbox):
        with opened(sandbox, LINEAR) as submission:
            student = submission.check()
            layer = student.Linear(3, 2)
            assert hasattr(layer, "weight") and not hasattr(layer, "coef_") and getattr(layer, "coef_", None) is None
            assert hasattr(student.Linear, "forward") and not hasattr(student.Linear, "fit")
            holds(lambda: hasattr(layer, "coef_") or hasattr(layer, "bias"), "no bias")
            outcome, says = ended(lambda: holds(lambda: layer.wieght.sum() == 0, "not 0"))
            assert outcome is Outcome.ERROR and "no attribute 'wieght'" in says, "what is missing is still named"

    def test_they_end_with_their_check(self, sandbox):
        with opened(sandbox, LINEAR) as submission:
            first = submission.check("test_one")
            layer = first.Linear(3, 2)
            second = submission.check("test_two")
            with pytest.raises(AuthoringError, match="test_two.*test_one"):
                second.make(layer, 2)
            assert second.Linear(4, 2).weight.shape == (2, 4)
            with pytest.raises(AuthoringError, match="test_one is over"):
                layer.forward(np.ones((1, 3)))
            assert submission.channel.opened == 1

    def test_a_name_is_no_value(self, sandbox):
        with opened(sandbox, LINEAR) as submission:
            student = submission.check()
            with pytest.raises(AuthoringError, match=r"student\.fetch\('Linear'\)"):
                student.make(student.Linear, 3)


class TestValuesInTheSandbox:
    def test_what_is_put_is_changed_in_place_and_fetched(self, sandbox):
        step = "def step(params, grads):\n    for name in params:\n        params[name] -= grads[name]"
        with opened(sandbox, step) as submission:
            student = submission.check()
            mine = {"w": np.ones(2)}
            params = student.put(mine)
            assert student.step(params, {"w": np.full(2, 0.25)}) is None
            assert student.fetch(params)["w"].tolist() == [0.75, 0.75] and mine["w"].tolist() == [1, 1]
            assert params["w"].tolist() == [0.75, 0.75]

    def test_generators_are_made_there_and_drawn_from(self, sandbox):
        with opened(sandbox, "def draw(rng, n):\n    return rng.normal(size=n)") as submission:
            student = submission.check()
            rng = student.rng(7)
            expected = np.random.default_rng(7).normal(size=5)
            assert np.array_equal(student.draw(rng, 3), expected[:3])
            assert np.array_equal(student.draw(rng, 2), expected[3:])

    def test_names_of_values_are_fetched(self, sandbox):
        with opened(sandbox, "LR = 0.1\nweights = {'a': [1, 2]}\nrun = 4\ndef f(): ...") as submission:
            student = submission.check()
            assert student.fetch("LR") == 0.1 and student.fetch("weights") == {"a": [1, 2]}
            assert isinstance(student.fetch("f"), Reference)

    def test_a_name_that_the_proxy_has_itself_is_reached_by_brackets(self, sandbox):
        with opened(sandbox, "def run(x):\n    return x + 1\ndef put():\n    return 4") as submission:
            student = submission.check()
            assert student["run"](3) == 4 and student["put"]() == 4

    def test_has(self, sandbox):
        with opened(sandbox, "x = None", "1 / 0\ny = 3", "# experiment\nz = 3") as submission:
            student = submission.check()
            assert [student.has(name) for name in ("x", "y", "z")] == [True, False, False]

    def test_a_probe_runs_beside_the_students_names(self, sandbox):
        def trajectory(nb, start, steps, *, rate):
            layer = nb.Linear(2, 1)
            values = []
            for _ in range(steps):
                start = start - rate * start
                values.append(np.array(start))
            return layer, np.stack(values), layer.weight.shape

        with opened(sandbox, LINEAR) as submission:
            student = submission.check()
            layer, values, shape = student.run(trajectory, np.ones(2), 3, rate=0.5)
            assert values.tolist() == [[0.5] * 2, [0.25] * 2, [0.125] * 2] and shape == (1, 2)
            assert layer.bias.tolist() == [0]  # what it made stays there

    def test_a_probe_takes_references_and_meets_missing_names(self, sandbox):
        def use(nb, layer):
            return nb.softmax(layer.weight)

        with opened(sandbox, LINEAR) as submission:
            student = submission.check()
            outcome, says = ended(student.run, use, student.Linear(1, 1))
            assert outcome is Outcome.MISSING and says.startswith("looked for softmax")

    def test_what_cannot_be_sent_is_the_authors_error(self, sandbox):
        refused = pytest.raises(AuthoringError, match="test_one: a test sends what cannot be sent: .* type object")
        with opened(sandbox, LINEAR) as submission, refused:
            submission.check().make(object(), 2)


class TestWhatCallsDoBesides:
    IMPURE = """
import random
import numpy as np
def in_place(x): x += 1; return x
def deep(p): p["layers"][0]["w"][0] = 9
def resize(x): x.append(1)
def draw(): return np.random.rand()
def draw_plain(): return random.random()
def own(x): return np.random.default_rng(0).normal(size=3) + x
def honest(x): return x + 1
def copies(x): x = x.copy(); x += 1; return x
def raises_after(x): x += 1; raise ValueError("no")
def reseeds(): np.random.seed(0)
"""

    @pytest.mark.parametrize(
        ("name", "args", "says"),
        [
            ("in_place", [np.ones(2)], "in_place did more than return: argument 1 was changed"),
            ("deep", [{"layers": [{"w": np.ones(2)}]}], "deep did more than return: argument 1 was changed"),
            ("resize", [[1]], "resize did more than return: argument 1 was changed"),
            ("draw", [], "draw did more than return: the global random state of numpy was used"),
            ("draw_plain", [], "draw_plain did more than return: the global random state of random was used"),
            ("reseeds", [], "reseeds did more than return: the global random state of numpy was used"),
        ],
    )
    def test_are_seen_where_purity_is_asked_for(self, sandbox, name, args, says):
        with opened(sandbox, self.IMPURE) as submission:
            student = submission.check()
            with pytest.raises(Mismatch, match=re.escape(says)), student.pure():
                student[name](*args)
            student[name](*args)  # and nowhere else

    @pytest.mark.parametrize("name", ["own", "honest", "copies"])
    def test_are_not_seen_where_there_are_none(self, sandbox, name):
        with opened(sandbox, self.IMPURE) as submission:
            student = submission.check()
            with student.pure():
                assert student[name](np.ones(3)).shape == (3,)

    def test_are_named_by_keyword_and_seen_in_methods_and_on_references(self, sandbox):
        layer = "import numpy as np\nclass Layer:\n    def forward(self, x, mask): mask[0] = 0; return x"
        with opened(sandbox, layer) as submission:
            student = submission.check()
            made = student.Layer()
            with pytest.raises(Mismatch, match="argument mask was changed"), student.pure():
                made.forward(1.0, mask=np.ones(2))

    def test_an_error_is_told_rather_than_what_came_before_it(self, sandbox):
        with opened(sandbox, self.IMPURE) as submission:
            student = submission.check()
            with student.pure():
                outcome, says = ended(student.raises_after, np.ones(2))
            assert outcome is Outcome.ERROR and says.startswith("ValueError")


# ------------------------------------------------------------------------------------------------ evidence


def test_what_was_asked_before_is_answered_from_the_transcript(sandbox):
    cells = [LINEAR, "import os\ndef boom(): os._exit(3)"]

    def conversation(submission):
        student = submission.check("test_one")
        layer = student.Linear(2, 1)
        layer.weight = np.ones((1, 2))
        said = [layer.forward(np.ones((1, 2))).tolist(), student.has("make")]
        for name in ("boom", "missing"):
            with pytest.raises(StudentFault) as caught:
                submission.check(f"test_{name}")[name]()
            said.append((caught.value.outcome, str(caught.value)))
        return said

    with opened(sandbox, *cells) as live:
        first = conversation(live)
        assert live.channel.replayed == 0 and live.channel.answered > 5
        evidence = live.channel.transcript.part(sorted(live.channel.transcript.checks))
    kept = Transcript()
    kept.read(evidence)
    assert kept.part(sorted(kept.checks)) == evidence
    with opened(sandbox, *cells, transcript=kept) as again:
        assert conversation(again) == first
        assert (again.channel.opened, again.channel.answered) == (0, 0)


def test_a_new_call_at_the_end_of_a_recorded_check_finds_the_state_of_then(sandbox):
    with opened(sandbox, LINEAR) as live:
        step = live.check().counter()
        assert [step(), step()] == [1, 2]
        kept = live.channel.transcript
    with opened(sandbox, LINEAR, transcript=kept) as again:
        step = again.check().counter()
        assert [step(), step()] == [1, 2] and again.channel.answered == 0
        assert step() == 3  # new: the candidate is opened, and what came before is repeated to it
        assert again.channel.opened == 1


def test_the_same_submission_says_the_same_bytes(sandbox):
    cell = "import numpy as np\nimport random\ndef f(n):\n    return np.random.rand(n), {random.random(), 'a'}, object"
    parts = []
    for _ in range(2):
        with opened(sandbox, cell) as submission:
            submission.check().f(3)
            parts.append(submission.channel.transcript.part(["load", "test_one"]))
    assert parts[0] == parts[1]


def test_a_reply_holds_no_more_than_it_must(sandbox):
    with opened(sandbox, "def f(): return 4") as submission:
        submission.check().f()
        reply = wire.decode(list(submission.channel.transcript.checks["test_one"].values())[0].reply)
        assert reply == {"id": 0, "value": 4, "output": "", "effects": []}
