"""Disguises that leave fingerprints as they are, and code that has others."""

import ast
import random
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import book

from grader.schema import Question
from grader.similarity.comparing import HandIn, compare
from grader.similarity.fingerprints import GRAM, OTHER, WINDOW, pieces
from grader.similarity.normal_form import MOST_ABOVE, MOST_PASSES, plainest
from grader.similarity.tokens import tokens

QUESTIONS = (Question("q1", "One", 5, ("softmax",)), Question("q2", "Two", 5, ("Layer",)))
SOFTMAX = '''
def softmax(Z):
    """Of every row."""
    shifted = Z - Z.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    if powers.sum() > 3:
        powers = powers * 1.0
    return powers / powers.sum(axis=1, keepdims=True)
'''
LAYER = """
class Layer:
    def __init__(self, size, rng):
        self.weights = rng.normal(size=(size, size)) / np.sqrt(size)
        self.seen = None

    def forward(self, x):
        self.seen = x
        return np.maximum(x @ self.weights, 0)
"""
DISGUISED = [
    SOFTMAX.replace("shifted", "a").replace("powers", "b").replace("Z", "logits"),
    SOFTMAX.replace('"""Of every row."""', "# my own idea\n    pass").replace("(Z)", "(Z: np.ndarray) -> np.ndarray"),
    SOFTMAX.replace("powers.sum() > 3", "3 < (powers . sum( ))"),
    "\n".join(
        f"{line}  # step {n}" if line else line for n, line in enumerate(SOFTMAX.split("\n")) if '"""' not in line
    ),
]


def marks(*sources, question="q1"):
    found = pieces(book(*sources), QUESTIONS)
    return set(found[question].marks) if question in found else set()


@pytest.mark.parametrize("disguised", DISGUISED)
def test_names_comments_annotations_layout_and_turned_comparisons_hide_nothing(disguised):
    assert marks(disguised) == marks(SOFTMAX) != set()


def test_names_that_a_class_gives_itself_hide_nothing():
    renamed = (
        LAYER.replace("weights", "W")
        .replace("seen", "cache")
        .replace("(self, x)", "(self, batch)")
        .replace("x @", "batch @")
        .replace("= x", "= batch")
    )
    assert marks(renamed, question="q2") == marks(LAYER, question="q2")


def test_the_order_of_definitions_and_the_cell_they_stand_in_hide_nothing():
    helper = "def shifted_by_maximum(Z):\n    top = Z.max(axis=1, keepdims=True)\n    return Z - top * 1.0 + 0.0\n"
    using = SOFTMAX.replace("Z - Z.max(axis=1, keepdims=True)", "shifted_by_maximum(Z)")
    together = pieces(book(LAYER + helper + using), QUESTIONS)
    apart = pieces(book(helper, "import numpy as np", using, LAYER), QUESTIONS)
    for question in ("q1", "q2"):
        assert set(together[question].marks) == set(apart[question].marks)
    assert OTHER not in apart, "a helper belongs to the only question that uses it"


def test_other_code_has_other_fingerprints():
    other = SOFTMAX.replace("np.exp", "np.log").replace("* 1.0", "* 2.0").replace("axis=1", "axis=0")
    assert not marks(other) & marks(SOFTMAX) or len(marks(other) & marks(SOFTMAX)) < len(marks(SOFTMAX)) / 2


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_what_is_shared_over_the_guaranteed_length_is_found_wherever_it_stands(seed):
    """The promise of winnowing: GRAM + WINDOW - 1 equal tokens leave an equal fingerprint in both."""
    draw = random.Random(seed)

    def lines(n):
        return "".join(f"    v = np.f{draw.randrange(9)}({draw.randrange(99)})\n" for _ in range(n))

    common = lines(6)
    assert len(tokens(ast.parse("def f():\n" + common).body[0])) > 2 * (GRAM + WINDOW)
    first, second = (f"def softmax(x):\n{lines(draw.randrange(5))}{common}{lines(draw.randrange(5))}" for _ in range(2))
    assert marks(first) & marks(second)


def hand_in(name, *sources):
    return HandIn(name, name, pieces(book(*sources), QUESTIONS))


def test_what_the_starter_gives_and_what_most_have_weighs_nothing():
    own = [f"def softmax(Z):\n    return {'+'.join(f'np.f{k}{n}(Z, {k}) * {n}' for k in range(5))}\n" for n in range(6)]
    everybody = [hand_in(f"s{n}", SOFTMAX + LAYER + own[n].replace("softmax", f"extra{n}")) for n in range(6)]
    assert all(pair.score == 0 or pair.share < 0.1 for pair in compare(everybody, {}).pairs)
    given_ = {"q1": frozenset(marks(SOFTMAX))}
    two = [hand_in("ada", SOFTMAX), hand_in("bob", SOFTMAX), *[hand_in(f"s{n}", own[n]) for n in range(4)]]
    assert compare(two, {}).pairs[0].share == 1
    assert not [pair for pair in compare(two, given_).pairs if {pair.first, pair.second} == {"ada", "bob"}]


def test_one_question_that_was_copied_is_seen_beside_one_that_was_not():
    own = [
        f"def softmax(Z):\n    return {'-'.join(f'np.g{k}{n}(Z, {k}) / {n + 2}' for k in range(6))}\n" for n in range(5)
    ]
    layers = [LAYER.replace("np.maximum", f"np.layer{n}").replace("np.sqrt", f"np.root{n}") for n in range(4)]
    class_ = [hand_in(f"s{n}", own[n], layers[n]) for n in range(4)]
    class_.append(hand_in("copy", own[4], layers[2].replace("seen", "kept").replace("rng", "random_numbers")))
    first = compare(class_, {}).pairs[0]
    assert {first.first, first.second} == {"s2", "copy"}
    assert first.questions[0].question == "q2" and first.questions[0].share == 1


def test_code_of_any_depth_and_none_is_read():
    deep = "x = " + "-" * 3000 + "1"
    assert pieces(book(deep, "def softmax(:", "", "%%bash\nls"), QUESTIONS) is not None


DETOURS = {
    "operands and augmented assignments": (
        """
        def softmax(x):
            total = 0
            for v in x:
                total += v * 3
            return total
        """,
        """
        def softmax(x):
            total = 0
            for v in x:
                total = 3 * v + total
            return total
        """,
    ),
    "values that are named and read once": (
        """
        def softmax(x):
            e = np.exp(x - x.max())
            return e / e.sum()
        """,
        """
        def softmax(x):
            top = x.max()
            e = np.exp(x - top)
            out = e / e.sum()
            return out
        """,
    ),
    "a while that counts": (
        """
        def softmax(x):
            for i in range(len(x)):
                x[i] = np.exp(x[i])
            return x
        """,
        """
        def softmax(x):
            i = 0
            while i < len(x):
                x[i] = np.exp(x[i])
                i += 1
            return x
        """,
    ),
    "a while that counts by two": (
        """
        def softmax(x):
            for i in range(3, len(x), 2):
                x[i] = np.exp(x[i])
            return x
        """,
        """
        def softmax(x):
            i = 3
            while len(x) > i:
                x[i] = np.exp(x[i])
                i = i + 2
            return x
        """,
    ),
    "a list that a loop fills": (
        """
        def softmax(x):
            return [np.exp(v) / 7 for v in x]
        """,
        """
        def softmax(x):
            out = []
            for v in x:
                out.append(np.exp(v) / 7)
            return out
        """,
    ),
    "branches and keywords": (
        """
        def softmax(x):
            if x.any():
                return np.exp(x)
            else:
                return np.sum(x, axis=0, keepdims=True)
        """,
        """
        def softmax(x):
            if not x.any():
                return np.sum(x, keepdims=True, axis=0)
            else:
                return np.exp(x)
        """,
    ),
    "what nobody reads or reaches": (
        """
        def softmax(x):
            y = np.exp(x - 1)
            return y / y.sum() + 1
        """,
        """
        def softmax(x):
            unused = 5 + len("x")
            print(unused)
            if False:
                x = np.zeros(3)
            y = np.exp(x - 1)
            return 1 + y / y.sum()
            x = 7
        """,
    ),
}
STAYS = {
    "read twice": """
        def f(x):
            a = next(x)
            return a, a
        """,
    "a loop that is not always counted": """
        def f(x):
            i = 0
            while i < 3:
                if x:
                    continue
                i = 1 + i
            return i
        """,
    "a counter that is read before": """
        def f(x):
            i = 0
            g(i)
            while i < 3:
                x.append(i)
                i = 1 + i
            return x
        """,
    "a name of the module": """
        def f(x):
            global n
            n = 3
        """,
    "a call": """
        def f(x):
            unread = x.pop()
            return x
        """,
    "a list that is read while it grows": """
        def f(x):
            out = []
            for v in x:
                g(out)
                out.append(v)
            return out
        """,
}


def plain_marks(source):
    return [token.text for token in tokens(plainest(ast.parse(source).body[0]))]


@pytest.mark.parametrize("detour", DETOURS)
def test_detours_hide_nothing(detour):
    one, other = (textwrap.dedent(source) for source in DETOURS[detour])
    assert plain_marks(one) == plain_marks(other)
    assert marks(one) & marks(other)


@pytest.mark.parametrize("kind", STAYS)
def test_what_does_something_stays(kind):
    source = textwrap.dedent(STAYS[kind])
    assert plain_marks(source) == [token.text for token in tokens(ast.parse(source).body[0])]


def test_a_helper_of_one_expression_stands_where_it_is_called_and_grows_without_end_nowhere():
    helper = "def scaled(a, b):\n    factor = b * 2\n    return np.exp(a) / factor\n\n"
    using = "def softmax(x):\n    return scaled(x - 1, x.sum()) + 3\n"
    plain = "def softmax(x):\n    return 3 + np.exp(x - 1) / (x.sum() * 2)\n"
    assert marks(plain) <= marks(helper + using)
    nested = "def twice(a):\n    return a - a\n\ndef softmax(x):\n    return " + "twice(" * 60 + "x" + ")" * 60
    assert len(marks(nested)) < 2000


def test_lines_in_another_order_are_found():
    lines = [f"    a{n} = np.f{n}(x, {n}) + np.zeros({n})\n" for n in range(6)]
    first, second = ("def softmax(x):\n" + "".join(order) + "    return a1\n" for order in (lines, lines[::-1]))
    alone = "def softmax(x):\n    return np.other(x)\n"
    found = compare([hand_in("ada", first), hand_in("bob", second), hand_in("cy", alone)], {}).pairs[0]
    assert {found.first, found.second} == {"ada", "bob"} and found.share > 0.4


def test_numbers_of_thousands_of_digits_are_numbers_like_others():
    """Python writes no such number in base 10; one hand-in with it must not keep a class from being compared."""
    large = f"0x{'f' * 20_000}"
    source = SOFTMAX.replace("* 1.0", f"* {large}")
    assert marks(source) == marks(source.replace(large, f"{large} # mine")) != marks(SOFTMAX)


def test_lines_that_are_dead_one_after_the_other_cost_a_bounded_number_of_passes():
    lines = [f"    a{number + 1} = a{number} + a{number}" for number in range(10 * MOST_PASSES)]
    function = plainest(ast.parse("\n".join(["def softmax(a0):", *lines, "    return a0"])).body[0])
    assert len(function.body) == 1 + len(lines) - MOST_PASSES


def test_what_begins_far_above_its_loop_is_not_looked_for():
    between = [f"    print({number})" if number % 2 else "    x()" for number in range(2 * MOST_ABOVE)]
    loop = ["    for y in x:", "        found.append(y)", "    return found, found"]
    near, far = ("\n".join(["def f(x):", "    found = []", *some, *loop]) for some in (["    x()"], between))
    kinds = [
        {type(line) for line in plainest(ast.parse(source).body[0]).body if not isinstance(line, ast.Expr)}
        for source in (near, far)
    ]
    assert ast.For not in kinds[0] and ast.For in kinds[1]
