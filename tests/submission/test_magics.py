"""Magics become inert, line numbers stay, and Python is never touched."""

import argparse
import dataclasses
import inspect
import tokenize
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.submission.magics import MAX_PARSED_CHARS, parse, plain, syntax_error


@pytest.mark.parametrize(
    ("source", "code", "ignored"),
    [
        pytest.param("%matplotlib inline\nx = 1", "pass\nx = 1", ("%matplotlib inline",), id="line magic"),
        pytest.param("!pip install torch\nx = 1", "pass\nx = 1", ("!pip install torch",), id="shell line"),
        pytest.param("!echo 'it \"\nx = 1", "pass\nx = 1", ("!echo 'it \"",), id="shell line with open quotes"),
        pytest.param("!!ls", "pass", ("!!ls",), id="double shell line"),
        pytest.param("!pip install \\\n  a \\\n  b\nx = 1", "pass\n\n\nx = 1", ("!pip install \\...",), id="continued"),
        pytest.param("pip install torch\nx = 1", "pass\nx = 1", ("pip install torch",), id="pip without a percent"),
        pytest.param("cd ../data\nx = 1", "pass\nx = 1", ("cd ../data",), id="cd without a percent"),
        pytest.param("%cd a b\n%ls\n", "pass\npass\n", ("%cd a b", "%ls"), id="two of them"),
        pytest.param("?np.dot\nx = 1", "pass\nx = 1", ("?np.dot",), id="help before"),
        pytest.param("np.dot??\nx = 1", "pass\nx = 1", ("np.dot??",), id="help after"),
        pytest.param("x = !ls\ny = 1", "x = []\ny = 1", ("x = !ls",), id="assigned shell"),
        pytest.param("a, b = %env HOME", "a, b = None", ("a, b = %env HOME",), id="assigned magic"),
        pytest.param("%time y = f(3)", "y = f(3)", ("%time",), id="%time keeps the statement"),
        pytest.param("%time", "pass", ("%time",), id="%time alone"),
        pytest.param("%timeit f(3)", "pass", ("%timeit f(3)",), id="%timeit is dropped"),
        pytest.param(
            "%load_ext autoreload\n%autoreload 2", "pass\npass", ("%load_ext autoreload", "%autoreload 2"), id="reload"
        ),
        pytest.param(
            "for i in x:\n    %time f(i)\n    !ls\n",
            "for i in x:\n    f(i)\n    pass\n",
            ("%time", "!ls"),
            id="indented",
        ),
        pytest.param("if x:\n\t%cd y\n", "if x:\n\tpass\n", ("%cd y",), id="indented with a tab"),
        pytest.param("  x = 1\n  y = 2", "x = 1\ny = 2", (), id="a whole cell that is indented"),
        pytest.param(
            "  %time x\n  if x:\n    y = 2", "x\nif x:\n  y = 2", ("%time",), id="an indented cell with a magic"
        ),
    ],
)
def test_a_magic_line_becomes_inert_in_its_place(source, code, ignored):
    result = plain(source)
    assert (result.code, result.ignored, result.skipped) == (code, ignored, False)
    assert parse(result.code) is not None


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param('s = """\n%matplotlib inline\n!ls\nwhat?\n"""', id="in a string"),
        pytest.param("s = '''it's \\''' \"\n%no\n'''", id="in a string with quotes"),
        pytest.param("s = 'a\\\n%no'", id="in a continued string"),
        pytest.param("y = (a\n  % b)", id="in brackets"),
        pytest.param("y = a \\\n  % b", id="after a backslash"),
        pytest.param("y = [1,  # 'open (\n  % b]", id="after a comment in brackets"),
        pytest.param("y = 7 % 3 != 2  # really?", id="in an expression"),
        pytest.param("#@title Form { run: 'auto' }\nn = 3 #@param {type:'integer'}\n# %cd x\n# !ls", id="in comments"),
    ],
)
def test_what_only_looks_like_a_magic_is_left_even_beside_one(kept):
    assert plain(kept).code == kept
    assert plain(f"%magic\n{kept}\n!ls").code == f"pass\n{kept}\npass"


@pytest.mark.parametrize("magic", ["%%time", "%%timeit -n 3", "%%capture out", "%%prun -s cumulative", "%%memit"])
def test_cell_magics_that_run_python_are_dropped_and_their_body_runs(magic):
    result = plain(f"\n# a comment\n{magic}\n%%time\n%cd x\ny = 1\n")
    assert result.code == "\n# a comment\n\n\npass\ny = 1\n"
    assert result.ignored == (magic, "%%time", "%cd x")


@pytest.mark.parametrize(
    "name", "bash sh html javascript latex markdown svg script perl R sql cython python ! sx".split()
)
def test_a_cell_of_another_language_is_ignored_as_a_whole(name):
    result = plain(f"%%{name} --flag\nx = 1\n")
    assert (result.code, result.ignored, result.skipped) == ("", (f"%%{name} --flag",), True)
    assert result.file is None


def test_an_unknown_cell_magic_runs_its_body_only_if_it_is_python():
    assert plain("%%wandb\nx = 1").code == "\nx = 1"
    assert plain("%%mystery\nSELECT * FROM x").skipped
    assert plain("%%mystery\nSELECT * FROM x").code == ""


@pytest.mark.parametrize(
    ("magic", "file"),
    [
        ("%%writefile helper.py", "helper.py"),
        ("%%file helper.py", "helper.py"),
        ("%%writefile 'my-helper.py'", "my-helper.py"),
        ("%%writefile ../helper.py", None),
        ("%%writefile /content/helper.py", None),
        ("%%writefile .profile", None),
        ("%%writefile a b.py", None),
        ("%%writefile", None),
    ],
)
def test_the_text_of_a_written_file_is_kept_under_a_plain_name_only(magic, file):
    result = plain(f"{magic}\nx = 1\n\ny = 2\n\n")
    assert result.skipped
    assert result.file == (None if file is None else (file, "x = 1\n\ny = 2\n"))
    assert not result.appends


def test_appending_to_a_written_file_is_told_apart():
    result = plain("%%writefile -a helper.py\nx = 1")
    assert result.appends
    assert result.file == ("helper.py", "x = 1\n")


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("get_ipython().run_line_magic('matplotlib', 'inline')\nx = 1", "pass\nx = 1"),
        ("get_ipython().system('pip install x')", "pass"),
        ("files = get_ipython().getoutput('ls')", "files = []"),
        ("home = get_ipython().run_line_magic('env', 'HOME')", "home = None"),
        ("if x:\n    get_ipython().run_line_magic(\n        'cd', 'x')\n", "if x:\n    pass\n\n"),
        ("get_ipython().run_line_magic('time', 'x = 1')", "x = 1"),
        ("get_ipython().run_cell_magic('time', '', 'x = 1\\n%cd y\\nz = 2\\n')\n", "x = 1\npass\nz = 2\n"),
        ("get_ipython().run_cell_magic('bash', '', 'ls\\n')\n", "pass\n"),
    ],
)
def test_what_an_export_made_of_magics_is_undone(source, code):
    assert plain(source).code == code
    assert plain(source).ignored


def test_asking_whether_ipython_is_there_is_left_alone():
    source = "if 'google.colab' in str(get_ipython()):\n    x = 1"
    assert plain(source).code == source


@pytest.mark.parametrize(
    "source", ["def f(:\n  pass", "x = (1\n%cd y", "x = 'open\n", "if x:\ny = 1", "a b c", "x = 1 +"]
)
def test_a_syntax_error_is_passed_on(source):
    assert plain(source).code == source
    assert syntax_error(source).startswith("line ")


def test_top_level_await_is_python():
    assert parse("await f()\nasync with x: pass") is not None


@pytest.mark.parametrize("module", [argparse, dataclasses, inspect, tokenize, typing])
def test_python_that_parses_is_never_changed(module):
    source = inspect.getsource(module)
    assert plain(source).code == source
    assert plain(source, checked=False).code == source, "nor where magics are told by their look alone"
    assert plain("%time f(3)\n" + source).code == "f(3)\n" + source


PIECES = [
    "%cd x",
    "!ls 'a",
    "x = 1",
    "y = (",
    ")",
    "'''",
    "'",
    '"',
    "\\",
    "#",
    "  ",
    "?",
    "%%time",
    "def f():",
    "    ",
    "=",
    "\t",
    "z?",
    "\x0c",
]


@given(st.lists(st.sampled_from(PIECES) | st.just("\n"), max_size=30).map("".join))
@settings(max_examples=300, deadline=None)
def test_line_numbers_are_kept_whatever_the_cell_holds(source):
    result = plain(source)
    assert result.skipped or result.code.count("\n") == source.count("\n")


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline", "x = %env A", "x = !ls", "!ls", "np.dot?", "?np.dot", "%%time\nx=1", "x = 1", "x = 5 % 3",
        "s = '''\n%cd\n'''", "y = (a\n  % b)", "for i in x:\n    %cd y", "x = 'what?'", "a.b.c??", "%cd a \\\n b",
        "  x=1", "x != 3", "!ls {x}", "%time f(x)", "x = a \\\n % b",
    ],
)  # fmt: skip
def test_ipython_sees_magics_in_the_same_lines(source):
    transformer = pytest.importorskip("IPython.core.inputtransformer2").TransformerManager()
    assert ("get_ipython()" in transformer.transform_cell(source)) == bool(plain(source).ignored)


def test_a_hundred_thousand_magics_are_made_inert_in_one_pass():
    result = plain("%cd x\n" * 100_000)
    assert result.code == "pass\n" * 100_000
    assert len(result.ignored) == 100_000


@pytest.mark.parametrize("char", ["(", "-", "'", '"', "'''", "\\\n", "x?\n", "a.", "=!", "not ", "lambda:", "[", "1+"])
def test_no_cell_is_too_deep_to_be_read(char):
    source = "%cd x\n" + char * (MAX_PARSED_CHARS // len(char) // 2)
    assert plain(source).code.startswith("pass\n")
    syntax_error(source)


def test_a_cell_that_is_too_long_to_parse_is_taken_as_it_looks():
    long = "x = '" + "a" * MAX_PARSED_CHARS + "'\n"
    assert plain(long + "%cd y").code == long + "pass"
    assert parse(long) is None
    assert syntax_error(long) == ""


def test_a_strange_escape_in_a_string_is_no_warning_of_ours():
    assert parse("x = '\\d'") is not None
