"""A module that is not there costs what needs it and nothing else, and what stands in for one never answers."""

import pytest
from tiny import assignment, ended, opened

from grader.candidate.absent import USES, Absent, Inert
from grader.candidate.processors import MOST
from grader.sandbox.process import ProcessSandbox
from grader.schema import Outcome


@pytest.fixture(scope="module")
def sandbox():
    slot = ProcessSandbox(assignment())
    yield slot
    slot.close()


NOWHERE = "nowhere is not there when graded"
RUNS_ON = {  # what stands around an import that fails leaves x = 4
    "below it": ["import nowhere\nx = 4"],
    "before it, once": ["x = 3\nx += 1\nimport nowhere\nx = x"],
    "on its line": ["x = 3; import nowhere; x += 1"],
    "beside it": ["import math, nowhere, json\nx = json.loads('4') * int(math.cos(0))"],
    "a name of a module that is not there": ["from nowhere import a, b\nx = 4"],
    "in an if": ["if True:\n    import nowhere\n    x = 3\nx += 1"],
    "in an else": ["if not 1:\n    pass\nelif 1:\n    import nowhere\n    x = 3\nx += 1"],
    "in a with": ["import warnings\nwith warnings.catch_warnings():\n    import nowhere as n\n    x = 4"],
    "in a handler of the same": ["try:\n    import nowhere\nexcept ImportError:\n    import nowhere\nx = 4"],
    "in a function that is called": ["def load():\n    import nowhere\nload()\nx = 4"],
    "under await": ["import asyncio\nawait asyncio.sleep(0)\nimport nowhere\nawait asyncio.sleep(0)\nx = 4"],
    "under annotations": ["from __future__ import annotations\nimport nowhere\ndef f(a: Later): ...\nx = 4"],
    "what uses it": ["import nowhere as n\nn.style.use('dark')\nwith n.run():\n    pass\nfor i in n: print(i)\nx = 4"],
    "what it is to give": ["from nowhere import load\nimages = load()\nx = 4", "labels = images + 1\nx = 4"],
    "what it decorates": ["from nowhere import jit\n@jit\ndef f(a):\n    return a\nx = 4"],
    "what inherits from it": ["import nowhere as n\nclass Net(n.Module):\n    pass\nx = 4"],
    "an annotation": [
        "import nowhere as n\ndef f(a: n.Frame | None, b: n.Of[int]) -> n.Frame:\n    return a\nx = f(4, 0)"
    ],
    "what is set on it": ["import nowhere as n\nn.options.width = 4\nx = 4"],
    "a name that was bound before": ["x = 4\nimport nowhere as x"],
    "a version": ["import nowhere as n\nprint('with', n.__version__, n)\nx = 4"],
}


@pytest.mark.parametrize("cells", RUNS_ON.values(), ids=RUNS_ON)
def test_a_cell_goes_on_behind_what_needs_a_module_that_is_not_there(sandbox, cells):
    with opened(sandbox, *cells) as submission:
        assert {(kind, said) for _, kind, said in submission.raised} == {("ModuleNotFoundError", NOWHERE)}
        assert submission.check().fetch("x") == 4


def test_what_is_caught_is_pythons_matter(sandbox):
    optional = "try:\n    import nowhere\n    there = True\nexcept ImportError:\n    there = False\nx = 3 + (not there)"
    with opened(sandbox, optional) as submission:
        assert submission.raised == []
        assert submission.check().fetch("x") == 4


def test_a_name_that_a_module_does_not_have_is_told_in_pythons_words(sandbox):
    with opened(sandbox, "from json import nothing, loads\nx = loads('4')") as submission:
        [(_, kind, said)] = submission.raised
        assert (kind, said) == ("ImportError", "cannot import name 'nothing' from 'json'")
        assert submission.check().fetch("x") == 4


def test_any_other_error_ends_its_cell(sandbox):
    with opened(sandbox, "import nowhere\nx = 4\n1 / 0\nx = 5") as submission:
        assert [kind for _, kind, _ in submission.raised] == ["ModuleNotFoundError", "ZeroDivisionError"]
        assert submission.check().fetch("x") == 4


def test_a_hidden_module_keeps_its_reason_and_the_cell_goes_on(sandbox):
    with opened(sandbox, "import torch.nn as nn\nx = 4", hidden_modules=("torch",)) as submission:
        [(_, _, said)] = submission.raised
        assert "to be solved without it" in said
        assert submission.check().fetch("x") == 4
        assert "to be solved without it" in ended(submission.check("test_two").nn)[1]


def test_a_module_of_the_student_goes_on_too(sandbox):
    files = (("ops.py", b"import nowhere\ndef four():\n    return 4\n"), ("lib/deep.py", b"import nowhere\nY = 4\n"))
    with opened(sandbox, "from ops import four\nfrom lib.deep import Y\nx = four()", files=files) as submission:
        assert submission.raised == [(1, "ModuleNotFoundError", NOWHERE)]
        assert submission.check().fetch("x") == 4


def test_what_was_skipped_is_not_defined_and_says_why_when_it_is_asked_for(sandbox):
    with opened(sandbox, "from nowhere import jit\n@jit\ndef double(a):\n    return 2 * a") as submission:
        check = submission.check()
        assert not check.has("double")
        assert ended(check.double, 2) == (Outcome.ERROR, f"ModuleNotFoundError: {NOWHERE}")
        assert ended(submission.check("test_two").fetch, "double") == (Outcome.ERROR, f"ModuleNotFoundError: {NOWHERE}")


def test_a_function_that_uses_it_says_what_is_not_there_and_where(sandbox):
    with opened(sandbox, "import nowhere as n\ndef double(a):\n    return n.array(a) * 2") as submission:
        outcome, said = ended(submission.check().double, 2)
        assert outcome is Outcome.ERROR
        assert said.startswith("ModuleNotFoundError in cell 1, line 3, in double") and said.endswith(NOWHERE)


# ------------------------------------------------------------------------------------------------ stand-ins


@pytest.mark.parametrize("use", sorted(set(USES) - {"call", "enter", "exit"}))
def test_no_stand_in_answers_what_asks_for_a_value(use):
    for stand_in in (Absent(NOWHERE), Inert(NOWHERE), Inert(NOWHERE).deep().name):
        with pytest.raises(ModuleNotFoundError, match=NOWHERE):
            getattr(type(stand_in), f"__{use}__")(stand_in, 1)


@pytest.mark.parametrize(
    "used", ["bool(m)", "len(m)", "list(m.rows())", "m.a == 1", "1 in m", "m.a + 1", "f'{m.loss:.2f}'", "[*m['k']]"]
)
def test_what_is_inert_raises_where_silence_would_lie(used):
    with pytest.raises(ModuleNotFoundError, match=NOWHERE):
        eval(used, {"m": Inert(NOWHERE)})


AS_IN_JUPYTER = {  # every one leaves x = 4, and no cell raises
    "a deprecated bar": ["from tqdm import tqdm_notebook as bar\nx = 0\nfor _ in bar(range(4)): x += 1"],
    "a deprecated range": ["from tqdm import tnrange\nx = sum(1 for _ in tnrange(4))"],
    "a bar of widgets": ["from tqdm.notebook import tqdm, trange\nx = len(list(tqdm([1, 2]))) + len(list(trange(2)))"],
    "bars of contrib": [
        "from tqdm.contrib import tenumerate, tzip\nfrom tqdm.contrib.itertools import product\n"
        "x = len(list(tenumerate('ab'))) + len(list(tzip('ab', 'cd')))",
        "assert len(list(product('ab', 'cd'))) == 4",
    ],
    "bars as subclasses": ["from tqdm.auto import tqdm\nclass Bar(tqdm):\n    pass\nx = len([i for i in Bar('abcd')])"],
    "a bar by hand": [
        "from tqdm import tqdm\nbar = tqdm(total=4)\nfor _ in range(4):\n    bar.update()\nbar.close()\nx = bar.n"
    ],
    "bars without a thread": [
        "import threading\nfrom tqdm import tqdm\nfor _ in tqdm(range(3)): pass\nx = 3 + threading.active_count()"
    ],
    "interact as a decorator": [
        "from ipywidgets import interact\n@interact(a=(0, 3))\ndef f(a=1):\n    return a",
        "x = f(4)",
    ],
    "an output as a decorator": [
        "import ipywidgets\nout = ipywidgets.Output()\n@out.capture()\ndef f(a):\n    return a\nx = f(4)"
    ],
    "a widget's value": ["import ipywidgets as w\nx = w.IntSlider(value=4).value"],
    "a widget as a base": ["import ipywidgets as w\nclass Box(w.VBox):\n    side = 4\nx = Box().side"],
    "a version": ["import IPython\nassert IPython.version_info >= (7,)\nx = 4"],
    "plots after IPython": [
        "from IPython.display import clear_output, display",
        "import matplotlib.pyplot as plt\nplt.figure()\ndisplay(plt.gcf())\nclear_output(wait=True)\nplt.show()\nx = 4",
    ],
    "formats of plots": [
        "from matplotlib_inline import backend_inline\nbackend_inline.set_matplotlib_formats('svg')",
        "from IPython.display import set_matplotlib_formats\nset_matplotlib_formats('retina')\nx = 4",
    ],
    "a shell": [
        "from IPython import get_ipython\nget_ipython().run_line_magic('load_ext', 'autoreload')",
        "shell = get_ipython()\nx = 4 if shell is not None and 'x' not in shell.user_ns else 0",
    ],
    "magics of one's own": [
        "from IPython.core.magic import Magics, cell_magic, magics_class, register_line_magic\n@register_line_magic\n"
        "def hi(line): ...\n@magics_class\nclass Mine(Magics):\n    @cell_magic\n    def mine(self, line, cell): ...",
        "get_ipython().register_magics(Mine)\nx = 4",
    ],
    "printing of symbols": ["import sympy\nsympy.init_printing()\nx = 4"],
    "a run that was not begun": [
        "import wandb\nassert wandb.run is None\nif wandb.run:\n    wandb.log({})\nwandb.init()\nwandb.run.name\nx = 4"
    ],
    "a decorator of what is inert": ["import mlflow\n@mlflow.trace\ndef f(a):\n    return a\nx = f(4)"],
    "what shares its parent with Colab": [
        "import google.colab\nfrom google.protobuf import descriptor\nx = 4",
    ],
}  # fmt: skip


@pytest.mark.parametrize("cells", AS_IN_JUPYTER.values(), ids=AS_IN_JUPYTER)
def test_what_draws_for_somebody_works_though_nobody_looks_on(sandbox, cells):
    with opened(sandbox, *cells) as submission:
        assert submission.raised == []
        assert submission.check().fetch("x") == 4


def test_what_is_graded_may_draw_as_it_goes(sandbox):
    draws = "def f(a):\n    clear_output(wait=True)\n    plt.plot([a])\n    plt.show()\n    return a + 1"
    cells = ["import matplotlib.pyplot as plt\nfrom IPython.display import clear_output", draws]
    with opened(sandbox, *cells) as submission:
        check = submission.check()
        assert [check.f(3), check.f(4)] == [4, 5]


def test_a_file_of_arrays_is_written_and_read(sandbox):
    written = "import h5py\nwith h5py.File('a.h5', 'w') as file:\n    file['x'] = 4"
    with opened(sandbox, written, "with h5py.File('a.h5') as file:\n    x = int(file['x'][()])") as submission:
        assert submission.raised == []
        assert submission.check().fetch("x") == 4


def test_bars_are_silent(sandbox):
    with opened(sandbox, "from tqdm import tqdm\nfor _ in tqdm(range(3)): pass\ntqdm.write('seen')") as submission:
        assert submission.loaded["output"] == "seen\n"


def test_a_loop_over_what_is_not_known_does_not_end_in_silence(sandbox):
    uploads = "from google.colab import files\nfor name in files.upload():\n    x = 3\nx = 4"
    with opened(sandbox, uploads) as submission:
        assert submission.raised == [(1, "ModuleNotFoundError", "google.colab is not there when graded")]
        assert submission.check().fetch("x") == 4


def test_a_machine_of_many_processors_ends_nobody_who_uses_them_all(sandbox):
    use = "import os, multiprocessing, torch\ntorch.set_num_threads(500)\na = torch.ones(900, 900) @ torch.ones(900)"
    ask = "a = a.numpy()\nn = max(os.cpu_count(), multiprocessing.cpu_count(), torch.get_num_threads())"
    with opened(sandbox, use, ask) as submission:
        assert submission.raised == []
        assert set(submission.check().fetch("a").ravel()) == {900} and submission.check().fetch("n") <= MOST
