"""Inside the sandbox: cells run as in a notebook, one that raises costs itself only, and calls start from a seed."""

import time

import pytest
from tiny import assignment, book, opened

from grader import wire
from grader.examination.examiner import cell_notices
from grader.examination.student import Reference, StudentFault
from grader.sandbox.process import ProcessSandbox
from grader.schema import Outcome


@pytest.fixture(scope="module")
def sandbox():
    slot = ProcessSandbox(assignment())
    yield slot
    slot.close()


# ------------------------------------------------------------------------------------------------ cells


AS_IN_A_NOTEBOOK = {  # every one leaves x = 4, and no cell raises
    "magics": ["%matplotlib inline\n!pip install torch\nx = 3", "%%time\nx += 1"],
    "await": ["import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 4", "x = await f()"],
    "the main module": ["if __name__ == '__main__':\n    x = 4"],
    "the last definition": ["def f():\n    return 1", "def f():\n    return 4", "x = f()"],
    "a name that was deleted": ["x = 4", "del x", "x = 4"],
    "Colab": ["from google.colab import drive, files\ndrive.mount('/content/drive')\nx = 4"],
    "Colab's secrets": ["from google.colab import userdata\nkey = userdata.get('KEY')", "x = 4"],
    "Otter": ["import otter\ngrader = otter.Notebook('a.ipynb')", "grader.check('q1')", "grader.check_all()\nx = 4"],
    "IPython": [
        "from IPython.display import display, clear_output, HTML",
        "display(HTML('<b>'))\nclear_output()\nx = 4",
    ],
    "its builtins": ["display(3)\nget_ipython().run_line_magic('matplotlib', 'inline')\nx = 4"],
    "widgets": ["import ipywidgets as w\nw.interact(lambda a: a, a=(0, 3))\nx = 4"],
    "wandb": ["import wandb\nwandb.init(project='p')\nwandb.log({'loss': 1})\nx = 4"],
    "tqdm": ["from tqdm import tqdm\nbar = tqdm(range(4))", "for x in bar:\n    bar.set_postfix(x=x)\nx += 1"],
    "trange": ["from tqdm.auto import tqdm, trange\nx = len([i for i in trange(1, 5)])"],
    "tqdm.notebook": ["import tqdm.notebook\nx = len(tqdm.notebook.tqdm([1, 2, 3, 4]))"],
    "tqdm by hand": [
        "from tqdm import tqdm\nwith tqdm(total=4) as bar:\n    bar.update(4)",
        "tqdm.write('done')\nx = 4",
    ],
    "warnings": ["import sys, warnings\nwarnings.warn('deprecated')\nprint('!', file=sys.stderr)\nx = 4"],
    "a RuntimeWarning": ["import numpy as np\nnp.log(0)\nx = 4"],
    "__future__": ["from __future__ import annotations", "class A:\n    def f(self) -> A: ...", "x = 4"],
    "an experiment": ["# experiment\nx = 0\nwhile True: pass", "x = 4"],
    "an experiment after blank lines": ["\n\n#  Experiment: train\nraise ValueError", "x = 4"],
}


@pytest.mark.parametrize("cells", AS_IN_A_NOTEBOOK.values(), ids=AS_IN_A_NOTEBOOK)
def test_cells_run_as_in_a_notebook(sandbox, cells):
    with opened(sandbox, *cells) as submission:
        assert submission.raised == []
        assert submission.check().fetch("x") == 4


def test_a_feature_of_the_future_holds_even_if_its_cell_raises_later(sandbox):
    with opened(
        sandbox, "from __future__ import annotations\n1 / 0", "class A:\n    def f(self) -> A: ..."
    ) as submission:
        assert [cell for cell, _, _ in submission.raised] == [1]


def test_magics_are_told():
    cells = book("%matplotlib inline\n!pip install torch\nx = 3", "%%html\nls").cells
    assert cells[0].ignored == ("%matplotlib inline", "!pip install torch") and cells[1].ignored


NOTEBOOK_THINGS = """
import dataclasses, inspect, pickle, typing

@dataclasses.dataclass
class Point:
    x: float
    y: float = 2.0

def area(a, b):
    return a * b
"""


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("pickle.loads(pickle.dumps(Point(1.5))) == Point(1.5)", True),
        ("inspect.getsource(area)", "def area(a, b):\n    return a * b\n"),
        ("Point.__module__", "__main__"),
        ("typing.get_type_hints(Point)['x'] is float", True),
        ("__import__('copy').deepcopy(Point(1, 3)).y", 3),
    ],
)
def test_classes_and_functions_of_a_notebook_are_like_those_of_a_module(sandbox, expression, answer):
    with opened(sandbox, NOTEBOOK_THINGS, f"def look():\n    return {expression}") as submission:
        assert submission.check().look() == answer


def test_plots_are_drawn_and_shown_to_nobody(sandbox):
    plotting = (
        "import matplotlib.pyplot as plt\nplt.plot([1, 2], [3, 4])\nplt.show()\nplt.imshow([[1]])\nplt.savefig('a.png')"
    )
    with opened(sandbox, plotting, "import os\nx = os.path.getsize('a.png') > 1000") as submission:
        assert submission.raised == []
        assert submission.check().fetch("x") is True


@pytest.mark.parametrize(
    ("bad", "kind", "message"),
    [
        ("1 / 0", "ZeroDivisionError", "division by zero"),
        ("def f(:\n    pass", "SyntaxError", "invalid syntax"),
        ("input('name?')", "EOFError", "nobody to ask"),
        ("import sys\nsys.exit(3)", "SystemExit", "3"),
        ("exit()", "SystemExit", ""),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("import torch.nn", "ModuleNotFoundError", "to be solved without it"),
        ("__import__('torch')", "ModuleNotFoundError", "to be solved without it"),
        ("import importlib\nimportlib.import_module('torch.nn')", "ModuleNotFoundError", "to be solved without it"),
        ("import nowhere_at_all", "ModuleNotFoundError", "nowhere_at_all is not there when graded"),
        ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", "E", "cannot be read"),
        (
            "class M(type):\n    __name__ = property(lambda c: 1 / 0)\n"
            "class E(Exception, metaclass=M): pass\nraise E('x')",
            "E",
            "x",
        ),
        ("class E(Exception):\n    def __getattribute__(self, name): raise SystemExit\nraise E('x')", "E", "x"),
        ("e = SyntaxError('bad')\ne.filename, e.text, e.lineno = b'f', 7, 'x'\nraise e", "SyntaxError", "bad"),
        ("raise type('E' * 10**7, (Exception,), {})('x')", "E" * 200, "x"),
        ("def f(): f()\nf()", "RecursionError", "maximum recursion"),
        ("open('/etc/shadow')", "FileNotFoundError", ""),
        ("assert False, 'x' * 100000", "AssertionError", "x" * 1000),
        ("async def f(): raise ValueError('late')\nawait f()", "ValueError", "late"),
        (
            "while True:\n    try:\n        while True: pass\n    except Exception: pass",
            "TimeLimit",
            "did not end within",
        ),
    ],
)
def test_a_cell_that_raises_is_reported_and_the_next_one_runs(sandbox, bad, kind, message):
    limits = {"load_s": 2} if kind == "TimeLimit" else {}
    with opened(sandbox, "x = 3", bad, "x += 1", hidden_modules=("torch",), **limits) as submission:
        [(cell, raised, said)] = submission.raised
        assert (cell, raised) == (2, kind)
        assert message in said and len(said) <= 1000
        assert submission.check().fetch("x") == 4


def test_a_shell_line_that_does_not_end_is_stopped_and_the_cell_goes_on(sandbox):
    with opened(sandbox, "!sleep 60\nx = 4", "y = !echo still; sleep 60", load_s=2) as submission:
        assert [(cell, kind) for cell, kind, _ in submission.raised] == [(1, "StoppedCommand"), (2, "StoppedCommand")]
        assert submission.raised[0][2].startswith("!sleep 60 did not end within ")
        assert (submission.check().fetch("x"), submission.check().fetch("y")) == (4, ["still"])


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(["from m import x", "%%writefile m.py\nx = 4"], id="imported above"),
        pytest.param(
            ["%%writefile m.py\na = []", "%%writefile -a m.py\na += [1]", "import m\nx = 3 + len(m.a)"], id="-a"
        ),
        pytest.param(["%%writefile -a m.py\nx = 4", "x = len(open('m.py').readlines()) + 3"], id="-a alone"),
        pytest.param(["%%writefile given.txt\nmine", "x = int(open('given.txt').read())"], id="a released file stays"),
        pytest.param(["%%writefile /content/m.py\nx = 4", "from m import x"], id="elsewhere"),
        pytest.param(["%%writefile ../m.py\nx = 4", "from m import x"], id="above"),
        pytest.param(["%%writefile lib/m.py\nx = 4", "from lib.m import x"], id="in a folder that is not there"),
    ],
)
def test_a_written_file_lies_beside_the_notebook(sandbox, cells):
    with opened(sandbox, *cells, files=(("given.txt", b"4"),)) as submission:
        assert submission.raised == []
        assert submission.check().fetch("x") == 4


def test_all_cells_that_raise_are_named(sandbox):
    with opened(sandbox, *["1 / 0"] * 30, *["x = nowhere"] * 100) as submission:
        told = cell_notices(submission.channel)
    assert told[:20] == tuple(f"cell {number} raised ZeroDivisionError: division by zero" for number in range(1, 21))
    assert told[20].startswith("so did cells 21 (ZeroDivisionError), 22 (ZeroDivisionError), ")
    assert "100 (NameError)" in told[21] and told[22:] == ("and 30 more",)


def test_an_error_is_told_with_the_lines_that_led_to_it(sandbox):
    with opened(
        sandbox, "def inner():\n    return 1 / 0", "def outer():\n\n    return inner()\n", "outer()"
    ) as submission:
        [error] = submission.loaded["value"]["raised"]
        assert error["frames"] == [
            ("cell 3", 1, "<module>", "outer()"),
            ("cell 2", 3, "outer", "return inner()"),
            ("cell 1", 2, "inner", "return 1 / 0"),
        ]


def test_files_lie_beside_the_notebook_and_cannot_be_changed(sandbox):
    files = (("extra/numbers.txt", b"4"), ("released.py", b"def one():\n    return 1\n"))
    write = "%%writefile mine.py\ndef two():\n    return 2"
    look = (
        "import os, released, mine\nx = (released.one(), mine.two(), open('extra/numbers.txt').read(), os.listdir('.'))"
    )
    change = "open('released.py', 'a')"
    with opened(sandbox, write, look, change, files=files) as submission:
        one, two, text, listing = submission.check().fetch("x")
        assert (one, two, text) == (1, 2, "4") and {"released.py", "mine.py", "extra"} <= set(listing)
        assert [(cell, kind) for cell, kind, _ in submission.raised] == [(3, "PermissionError")]


# ------------------------------------------------------------------------------------------------ output


FLOOD = """
import sys
def flood(how):
    for _ in range(200_000):
        if how == "lines": print("x" * 90)
        elif how == "bar": print("x" * 90, end="\\r")
        else: sys.stderr.write("x" * 90)
    print("the end")
    return 4
"""


@pytest.mark.parametrize("how", ["lines", "bar", "stderr"])
def test_of_a_flood_of_output_the_end_is_kept(sandbox, how):
    with opened(sandbox, FLOOD) as submission:
        check = submission.check()
        assert check.flood(how) == 4
        reply = wire.decode(list(submission.channel.transcript.checks["test_one"].values())[-1].reply)
        assert "characters before this were dropped" in reply["output"] and reply["output"].endswith("the end\n")
        assert len(reply["output"]) < (4 << 10) + 100
        check.flood("lines")  # and the next call's output is its own


def test_output_of_cells_is_kept_and_goes_nowhere_else(sandbox):
    noise = (
        "import os, sys\nprint('seen')\nos.write(1, b'unseen')\nos.system('echo unseen')\nsys.__stdout__.write('seen')"
    )
    with opened(sandbox, noise, "def answer():\n    print({'points': 100})\n    return 4") as submission:
        assert submission.loaded["output"] == "seen\nseen"
        assert submission.check().answer() == 4


# ------------------------------------------------------------------------------------------------ calls


DRAWS = """
import random, numpy as np
def draw():
    return random.random(), float(np.random.rand())
def fix():
    random.seed(0), np.random.seed(0)
first = draw()
"""


def test_every_call_starts_from_a_seed_of_its_own(sandbox):
    with opened(sandbox, DRAWS) as one, opened(sandbox, DRAWS) as again:
        check = one.check()
        draws = [check.draw(), check.draw(), one.check("test_two").draw(), one.check(seed="other").draw()]
        assert len(set(draws)) == 4
        fresh = again.check()
        fresh.fix()  # in place of the first draw; it must not reach the second
        assert fresh.draw() == draws[1]
        assert one.check().fetch("first") == again.check().fetch("first")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("raise ValueError('no')", "ValueError"),
        ("raise SystemExit(0)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("exit()", "SystemExit"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("import asyncio; raise asyncio.CancelledError", "CancelledError"),
        ("return np.zeros(1 << 20)", "WireError"),
        ("return [object] * (1 << 21)", "WireError"),
        ("a = []; a.append(a); return a", "WireError"),
        ("return Shy()", None),
    ],
)
def test_what_a_call_raises_ends_the_call_and_nothing_else(sandbox, code, kind):
    shy = "import numpy as np\nclass Shy:\n    def __repr__(self): raise ValueError"
    with opened(sandbox, shy, f"def f():\n    {code}\ndef g():\n    return 4") as submission:
        check = submission.check()
        if kind is None:
            assert isinstance(check.f(), Reference)
        else:
            with pytest.raises(StudentFault) as caught:
                check.f()
            assert caught.value.outcome is Outcome.ERROR and str(caught.value).startswith(kind)
        assert check.g() == 4
        assert submission.channel.opened == 1  # the same process goes on


@pytest.mark.parametrize(
    ("code", "outcome", "says"),
    [
        ("while True: pass", Outcome.TIMEOUT, "no answer within 0.5 s"),
        ("import time; time.sleep(99)", Outcome.TIMEOUT, "no answer within 0.5 s"),
        ("import os; os._exit(0)", Outcome.CRASHED, "exit code 0"),
        ("import ctypes; ctypes.string_at(0)", Outcome.CRASHED, "signal 11"),
        ("import numpy as np; a = np.ones(1 << 31)", Outcome.MEMORY, "MemoryError"),
        ("import os; os.write(3, b'\\xff' * 100)", Outcome.PROTOCOL, "no answer"),
        ("import os; os.close(3)", Outcome.CRASHED, "process ended"),
    ],
)
def test_a_candidate_that_hangs_or_dies_costs_one_check(sandbox, code, outcome, says):
    with opened(sandbox, f"def f():\n    {code}", "x = []\ndef g():\n    x.append(1)\n    return len(x)") as submission:
        assert submission.check("test_zero").g() == 1
        check = submission.check("test_one")
        assert check.g() == 2
        with pytest.raises(StudentFault) as caught, check.limit(0.5):
            check.f()
        assert caught.value.outcome is outcome and says in str(caught.value)
        after = submission.check("test_two")
        fresh = outcome is not Outcome.MEMORY  # numpy refused: a MemoryError, and the process goes on
        assert after.g() == (1 if fresh else 3)


def test_an_hour_of_student_code_ends_at_the_deadline_of_the_whole(sandbox):
    slow = "import time\ndef f():\n    time.sleep(0.3)\n    return 4"
    with opened(sandbox, slow, total_s=0.8) as submission:
        check = submission.check()
        started = time.monotonic()
        with pytest.raises(StudentFault) as caught:
            for _ in range(100):
                assert check.f() == 4
        assert time.monotonic() - started < 5
        assert caught.value.outcome is Outcome.TIMEOUT


def test_a_notebook_whose_cells_never_end_is_a_timeout_for_every_check_and_run_once(sandbox):
    stubborn = "import signal, os\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\nwhile True: pass"
    with opened(sandbox, stubborn, load_s=0.6) as submission:
        started = time.monotonic()
        for name in ("test_one", "test_two", "test_three"):
            with pytest.raises(StudentFault, match="running the notebook's cells: no answer within 0.6 s") as caught:
                submission.check(name)
            assert caught.value.outcome is Outcome.TIMEOUT
        assert time.monotonic() - started < 5 and submission.channel.opened == 1


def test_the_interpreter_is_as_honest_code_expects_it(sandbox):
    look = "import sys, os, threading\nx = (sys.argv, os.environ.get('HOME'), os.getcwd(), threading.active_count())"
    with opened(sandbox, look) as submission:
        assert submission.raised == []
        arguments, home, where, threads = submission.check().fetch("x")
        assert arguments and home == "/job" and threads == 1
        assert where == "/job" or sandbox.level == "bare"
