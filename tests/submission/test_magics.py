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

RUN = "get_ipython().run_line_magic"


@pytest.mark.parametrize(
    ("source", "code", "ignored"),
    [
        pytest.param("%matplotlib inline\nx = 1", "pass\nx = 1", ("%matplotlib inline",), id="line magic"),
        pytest.param("!pip install torch\nx = 1", "pass\nx = 1", ("!pip install torch",), id="shell line"),
        pytest.param("!pip 'it \"\nx = 1", "pass\nx = 1", ("!pip 'it \"",), id="shell line with open quotes"),
        pytest.param("!!wget x", "pass", ("!!wget x",), id="double shell line"),
        pytest.param("!pip install \\\n  a \\\n  b\nx = 1", "pass\n\n\nx = 1", ("!pip install \\...",), id="continued"),
        pytest.param("pip install torch\nx = 1", "pass\nx = 1", ("%pip install torch",), id="pip without a percent"),
        pytest.param("%load a b\n%colors\n", "pass\npass\n", ("%load a b", "%colors"), id="two of them"),
        pytest.param("?np.dot\nx = 1", "pass\nx = 1", ("?np.dot",), id="help before"),
        pytest.param("np.dot??\nx = 1", "pass\nx = 1", ("np.dot??",), id="help after"),
        pytest.param("x = !pip list\ny = 1", "x = []\ny = 1", ("x = !pip list",), id="assigned shell"),
        pytest.param("a, b = %sql q", "a, b = None", ("a, b = %sql q",), id="assigned magic"),
        pytest.param("%time", "pass", ("%time",), id="%time alone"),
        pytest.param("%timeit f(3)", "pass", ("%timeit f(3)",), id="%timeit is dropped"),
        pytest.param("%run other.ipynb", "pass", ("%run other.ipynb",), id="a notebook is not run"),
        pytest.param("ls", "pass", ("ls",), id="all of a cell, without a percent"),
        pytest.param("%load_ext autoreload", "pass", ("%load_ext autoreload",), id="an extension"),
        pytest.param(
            "for i in x:\n    %colors\n    !pip x\n",
            "for i in x:\n    pass\n    pass\n",
            ("%colors", "!pip x"),
            id="indented",
        ),
        pytest.param("if x:\n\t%colors\n", "if x:\n\tpass\n", ("%colors",), id="indented with a tab"),
        pytest.param("  x = 1\n  y = 2", "x = 1\ny = 2", (), id="a whole cell that is indented"),
    ],
)
def test_a_line_that_nothing_is_done_for_becomes_inert_in_its_place(source, code, ignored):
    result = plain(source)
    assert (result.code, result.ignored, result.skipped) == (code, ignored, False)
    assert parse(result.code) is not None


@pytest.mark.parametrize(
    ("source", "code"),
    [
        pytest.param("%time y = f(3)", "y = f(3)", id="%time keeps the statement"),
        pytest.param("x = %time f(3)", "x = f(3)", id="%time keeps the value"),
        pytest.param("x = %time y = 3;", "y = 3; x = None", id="%time of a statement has no value"),
        pytest.param("d['a=b'] = %time f(3)", "d['a=b'] = f(3)", id="a target with quotes"),
        pytest.param("%prun -s cumulative -q y = f(3)", "y = f(3)", id="%prun keeps the statement"),
        pytest.param("  %time x\n  if x:\n    y = 2", "x\nif x:\n  y = 2", id="an indented cell with a magic"),
        pytest.param("%env A=1", f"{RUN}('env', 'A=1')", id="line magic"),
        pytest.param("cd ../data\nx = 1", f"{RUN}('cd', '../data')\nx = 1", id="without a percent"),
        pytest.param("a = %env HOME", f"a = {RUN}('env', 'HOME')", id="assigned magic"),
        pytest.param("t = %timeit f()", f"t = {RUN}('timeit', 'f()')", id="timeit with a target"),
        pytest.param("%timeit -n1 -o f()", f"{RUN}('timeit', '-n1 -o f()')", id="timeit with a result"),
        pytest.param("!mkdir x", "get_ipython().system('mkdir x')", id="shell line"),
        pytest.param("x = !ls\ny = 1", "x = get_ipython().getoutput('ls')\ny = 1", id="assigned shell"),
        pytest.param("!!ls", "get_ipython().getoutput('ls')", id="double shell line"),
        pytest.param("!mkdir a \\\n  b\nx = 1", "get_ipython().system('mkdir a b')\n\nx = 1", id="continued"),
        pytest.param("!pip install x && mkdir y; ls", "get_ipython().system('mkdir y && ls')", id="what is left of it"),
        pytest.param("!python -m pip install x; ls", "get_ipython().system('ls')", id="pip as a module"),
        pytest.param("if x:\n\t%cd y\n", f"if x:\n\t{RUN}('cd', 'y')\n", id="indented with a tab"),
    ],
)
def test_a_line_that_has_an_effect_becomes_a_call_or_its_statement(source, code):
    result = plain(source)
    assert (result.code, result.ignored, result.skipped) == (code, (), False)
    assert parse(result.code) is not None


def test_nothing_is_called_where_calls_are_not_wanted():
    assert plain("%cd x\nx = !ls\ny = %time f(3)", calls=False).code == "pass\nx = []\ny = f(3)"
    assert plain("%%bash\nls", calls=False).skipped


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
    assert plain(f"%magic\n{kept}\n!pip").code == f"pass\n{kept}\npass"


@pytest.mark.parametrize("magic", ["%%time", "%%timeit -n 3", "%%prun -s cumulative", "%%memit"])
def test_cell_magics_that_run_python_are_dropped_and_their_body_runs(magic):
    result = plain(f"\n# a comment\n{magic}\n%%time\n%colors x\ny = 1\n")
    assert result.code == "\n# a comment\n\n\npass\ny = 1\n"
    assert result.ignored == ("%colors x",)


def test_what_is_put_around_a_cell_is_a_call_in_the_line_of_the_magic():
    assert plain("%%time\n%%capture out\ny = 1").code == "\nget_ipython().begin_cell_magic('capture', 'out')\ny = 1"
    future = "%%capture\nfrom __future__ import annotations"
    assert plain(future).code == "\nfrom __future__ import annotations", "which must be first"


@pytest.mark.parametrize("name", "html javascript latex markdown svg perl R sql cython".split())
def test_a_cell_of_another_language_is_ignored_as_a_whole(name):
    result = plain(f"%%{name} --flag\nx = 1\n")
    assert (result.code, result.ignored, result.skipped) == ("", (f"%%{name} --flag",), True)
    assert result.file is None


@pytest.mark.parametrize("name", "bash sh script python python3 ! sx".split())
def test_a_cell_of_the_shell_or_of_another_python_is_a_call(name):
    result = plain(f"# why\n%%{name} --flag\nx = 1\n")
    assert result.code == f"\nget_ipython().run_cell_magic('{name}', '--flag', 'x = 1\\n')\n\n"
    assert (result.ignored, result.skipped) == ((), False)


def test_magics_of_the_notebook_itself_are_called():
    own = frozenset({"own"})
    assert plain("x = %own 1", registered=own).code == "x = get_ipython().run_line_magic('own', '1')"
    assert plain("%%own\nno Python", registered=own).code == "get_ipython().run_cell_magic('own', '', 'no Python\\n')\n"


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
        ("%%writefile lib/deep/helper.py", "lib/deep/helper.py"),
        ("%%writefile ../helper.py", None),
        ("%%writefile lib/../helper.py", None),
        ("%%writefile /content/helper.py", None),
        ("%%writefile .profile", None),
        ("%%writefile a b.py", None),
        ("%%writefile", None),
    ],
)
def test_the_text_of_a_written_file_is_kept_under_a_plain_name_only(magic, file):
    result = plain(f"{magic}\nx = 1\n\ny = 2\n\n")
    assert result.code.startswith("get_ipython().run_cell_magic('writefile'".replace("writefile", magic[2:].split()[0]))
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
        ("files = get_ipython().getoutput('pip list')", "files = []"),
        ("home = get_ipython().run_line_magic('sql', 'q')", "home = None"),
        ("if x:\n    get_ipython().run_line_magic(\n        'colors', 'x')\n", "if x:\n    pass\n\n"),
        ("get_ipython().run_line_magic('time', 'x = 1')", "x = 1"),
        ("get_ipython().run_cell_magic('time', '', 'x = 1\\n%colors y\\nz = 2\\n')\n", "x = 1\npass\nz = 2\n"),
        ("get_ipython().run_cell_magic('html', '', 'ls\\n')\n", "pass\n"),
        (
            "get_ipython().run_cell_magic('capture', 'o', 'x = 1\\n')\n",
            "get_ipython().begin_cell_magic('capture', 'o')\nx = 1\n",
        ),
    ],
)
def test_what_an_export_made_of_magics_is_undone(source, code):
    assert plain(source).code == code


@pytest.mark.parametrize(
    "source",
    [
        "get_ipython().system('ls')",
        "files = get_ipython().getoutput('ls')",
        "get_ipython().run_line_magic('cd', folder)",
        "get_ipython().run_cell_magic('bash', '', 'ls\\n')",
        "get_ipython().register_magic_function(f)",
    ],
)
def test_what_an_export_made_of_magics_with_an_effect_stays(source):
    assert plain(source).code == source


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
    found = plain(source)
    assert ("get_ipython()" in transformer.transform_cell(source)) == (found.code != source.replace("  x=1", "x=1"))


def test_a_hundred_thousand_magics_are_made_inert_in_one_pass():
    result = plain("%colors x\n" * 100_000)
    assert result.code == "pass\n" * 100_000
    assert len(result.ignored) == 100_000


@pytest.mark.parametrize("char", ["(", "-", "'", '"', "'''", "\\\n", "x?\n", "a.", "=!", "not ", "lambda:", "[", "1+"])
def test_no_cell_is_too_deep_to_be_read(char):
    source = "%colors x\n" + char * (MAX_PARSED_CHARS // len(char) // 2)
    assert plain(source).code.startswith("pass\n")
    syntax_error(source)


def test_a_cell_that_is_too_long_to_parse_is_taken_as_it_looks():
    long = "x = '" + "a" * MAX_PARSED_CHARS + "'\n"
    assert plain(long + "%colors y").code == long + "pass"
    assert parse(long) is None
    assert syntax_error(long) == ""


def test_a_strange_escape_in_a_string_is_no_warning_of_ours():
    assert parse("x = '\\d'") is not None
