"""Notebooks as they really come: every layout, and what is told about it."""

import json

import nbformat
import pytest

from grader.submission.notebook import Cell, read

SOURCE = "import numpy as np\n%matplotlib inline\ndef f(x):\n    return x % 3"
CODE = "import numpy as np\npass\ndef f(x):\n    return x % 3"


def code_cell(source, **changes):
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source} | changes


def document(*cells, **changes):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | changes


def read_cells(*cells, **changes):
    return read(json.dumps(document(*cells, **changes), indent=1).encode(), "a1.ipynb")


def sources(notebook):
    return [cell.source for cell in notebook.cells]


ONE = document(code_cell(SOURCE), {"cell_type": "markdown", "metadata": {}, "source": "# Title"})
OLD = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": ""},
    "worksheets": [
        {
            "cells": [
                {"cell_type": "code", "language": "python", "input": SOURCE.splitlines(keepends=True), "outputs": []},
                {"cell_type": "heading", "level": 1, "source": "Title"},
            ]
        }
    ],
}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(json.dumps(ONE), id="on one line"),
        pytest.param(json.dumps(ONE, indent=1), id="as Jupyter lays it out"),
        pytest.param(json.dumps(ONE, indent=2), id="as Colab lays it out"),
        pytest.param(json.dumps(ONE, indent="\t").replace("\n", "\r\n"), id="tabs and CRLF"),
        pytest.param(json.dumps(ONE | {"nbformat": 5}), id="nbformat 5"),
        pytest.param(json.dumps({"cells": ONE["cells"]}), id="no metadata and no version"),
        pytest.param(json.dumps(OLD), id="nbformat 3"),
        pytest.param(json.dumps(document(code_cell(SOURCE.splitlines(keepends=True)))), id="source as a list"),
        pytest.param(json.dumps(document(code_cell(SOURCE.replace("\n", "\r\n")))), id="CRLF in the source"),
        pytest.param(json.dumps(document(code_cell(SOURCE.replace("\n", "\r")))), id="CR in the source"),
        pytest.param(json.dumps(document({"cell_type": "code", "source": SOURCE})), id="a cell of two keys"),
        pytest.param(json.dumps(document(code_cell(SOURCE, id="a"), code_cell("", id="a"))), id="an id twice"),
        pytest.param(json.dumps(ONE | {"x": [float("nan"), float("inf"), -float("inf")]}), id="NaN and infinity"),
        pytest.param(json.dumps(ONE)[:-1] + ', "x": ' + "9" * 10_000 + "}", id="a huge integer"),
        pytest.param('{"cells": [7], "cells"' + json.dumps(ONE).removeprefix('{"cells"'), id="a key twice"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_layout_gives_the_same_first_cell(content, encoding):
    notebook = read(content.encode(encoding), "a1.ipynb")
    assert notebook.cells[0] == Cell(1, SOURCE, CODE, ("%matplotlib inline",))
    assert notebook.notices == ()


@pytest.mark.parametrize("version", [3, 4])
def test_what_nbformat_writes_is_read(version):
    library = getattr(nbformat, f"v{version}")
    cell = library.new_code_cell(SOURCE)
    whole = library.new_notebook(cells=[cell]) if version == 4 else library.new_notebook()
    if version == 3:
        whole.worksheets.append(library.new_worksheet(cells=[cell]))
    assert sources(read(nbformat.writes(whole, version=version).encode(), "a1.ipynb")) == [SOURCE]


def test_cells_are_numbered_among_all_cells_in_the_order_of_the_file():
    text = {"cell_type": "markdown", "source": "So: def no(): pass"}
    notebook = read_cells(text, code_cell("b = 1"), text, text, code_cell("a = 2"), {"cell_type": "raw", "source": "x"})
    assert [(cell.number, cell.source) for cell in notebook.cells] == [(2, "b = 1"), (5, "a = 2")]


@pytest.mark.parametrize(
    ("cell", "notice"),
    [
        (7, "cell 2: not a cell, ignored"),
        (None, "cell 2: not a cell, ignored"),
        (code_cell(None), "cell 2: its source is no text, ignored"),
        (code_cell(["x = 1", 2]), "cell 2: its source is no text, ignored"),
        (code_cell({"text": "x"}), "cell 2: its source is no text, ignored"),
        ({"source": "x = 1"}, "cell 2: its type is no text, ignored"),
        ({"cell_type": ["code"], "source": "x = 1"}, "cell 2: its type is no text, ignored"),
    ],
)
def test_a_malformed_cell_costs_only_itself(cell, notice):
    notebook = read_cells(code_cell("x = 1"), cell, code_cell("y = 2"))
    assert sources(notebook) == ["x = 1", "y = 2"]
    assert [cell.number for cell in notebook.cells] == [1, 3]
    assert notebook.notices == (notice,)


def test_metadata_of_the_wrong_type_is_no_matter():
    for metadata in ([], 3, {"kernelspec": 3}, {"kernelspec": {"language": ["R"]}}, {"language_info": None}):
        assert read_cells(code_cell("x = 1"), metadata=metadata).notices == ()


def test_lone_surrogates_are_replaced_and_pairs_joined():
    notebook = read(json.dumps(document(code_cell("s = '\ud800 \ud83d\ude00'"))).encode(), "a1.ipynb")
    assert sources(notebook) == ["s = '\ufffd \U0001f600'"]
    assert notebook.cells[0].code.encode()


@pytest.mark.parametrize(
    ("source", "experiment"),
    [
        ("# experiment: train and plot\nx = 1", True),
        ("\n  \n#EXPERIMENT\nx = 1", True),
        ("# Experiment", True),
        ("# experiments of ours\nx = 1", False),
        ("x = 1\n# experiment", False),
        ("# an experiment", False),
        ("#", False),
    ],
)
def test_an_experiment_is_known_by_its_first_line(source, experiment):
    assert read_cells(code_cell(source)).cells[0].experiment is experiment


def test_cells_that_are_not_run_are_told_and_written_files_kept():
    notebook = read_cells(
        code_cell("%%writefile lib/net.py\nx = 1"),
        code_cell("%%writefile -a lib/net.py\ny = 2"),
        code_cell("%%writefile ../x.py\n"),
        code_cell("# experiment\n%%html\n<b>"),
        code_cell("%%html\n<b>"),
    )
    assert notebook.notices == ("cell 5 is not run: %%html",)
    assert notebook.files == (("lib/net.py", "x = 1\ny = 2\n"),)
    assert [bool(cell.code) for cell in notebook.cells] == [True] * 3 + [False] * 2


@pytest.mark.parametrize(
    ("lost", "other", "runs"),
    [
        ("def f(x):\n    return x", "y = 1", True),
        ("import os\n\n\nclass A:\n    pass\n\ndef f():\n    return 1", "f(3)", True),
        ("def f(x):\n    return x", "def f(x):\n    return 2 * x", False),
        ("def f(x):\n    return x", "f = max", False),
        ("def f(x):\n    return x\n\nf(10 ** 9)", "y = 1", False),
        ("A class of its own: def f", "y = 1", False),
        ("```\ndef f(x):\n    return x\n```", "y = 1", False),
    ],
)
@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_code_in_a_text_cell_is_run_if_nothing_else_defines_it(kind, lost, other, runs):
    notebook = read_cells({"cell_type": kind, "source": lost}, code_cell(other))
    assert ([cell.number for cell in notebook.cells] == [1, 2]) == runs
    assert any("is run as a code cell" in notice for notice in notebook.notices) == runs


def test_the_magics_that_a_notebook_makes_are_called():
    notebook = read_cells(
        code_cell("@register_line_magic\ndef own(line):\n    return 1"),
        code_cell("get_ipython().register_magic_function(f, 'line', 'other')"),
        code_cell("x = %own\ny = %other\nz = %neither"),
    )
    assert [" = None" in line for line in notebook.cells[2].code.split("\n")] == [False, False, True]


@pytest.mark.parametrize(
    ("changes", "notice"),
    [
        ({"metadata": {"kernelspec": {"language": "R"}}}, "the notebook's language is R; it is run as Python"),
        ({"metadata": {"language_info": {"name": "julia"}}}, "the notebook's language is julia; it is run as Python"),
        ({"cells": []}, "there is no code in it"),
        ({"cells": [{"cell_type": "markdown", "source": "x"}, code_cell(" \n")]}, "there is no code in it"),
    ],
)
def test_what_is_odd_is_told(changes, notice):
    assert read_cells(code_cell("x = 1"), **changes).notices == (notice,)


def test_a_copy_that_jupyter_saved_by_itself_is_told():
    notice = "a1-checkpoint.ipynb is a copy that Jupyter saved by itself; it may be older than your notebook"
    assert read(json.dumps(ONE).encode(), "a1-checkpoint.ipynb").notices == (notice,)


def test_notices_do_not_flood():
    notices = read_cells(*[7] * 80).notices
    assert len(notices) == 51
    assert notices[-1] == "and 31 more notices"


def stream(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


@pytest.mark.parametrize("indent", [None, 1, 2])
@pytest.mark.parametrize("text", ["a\n]\n   ]," * 1_000_000, ["ab]\n"] * 2_000_000], ids=["one string", "many"])
def test_large_outputs_are_dropped_and_the_cell_that_held_most_is_named(indent, text):
    content = document(code_cell("x = 1", outputs=[stream("small")]), code_cell("y = 2", outputs=[stream(text)]))
    notebook = read(json.dumps(content, indent=indent).encode(), "a1.ipynb")
    assert sources(notebook) == ["x = 1", "y = 2"]
    (notice,) = notebook.notices
    assert "MiB of outputs were dropped, the code is unchanged; most of it, " in notice
    assert notice.endswith(" MiB, was in cell 2")


def test_outputs_are_skipped_unread_where_the_file_is_laid_out_as_usual():
    content = json.dumps(document(code_cell("x = 1", outputs=[stream("mark")]), code_cell("y = 2")), indent=1)
    unreadable = content.replace('"mark"', '"mark" <- no JSON').encode()
    assert sources(read(unreadable, "a1.ipynb")) == ["x = 1", "y = 2"]


@pytest.mark.parametrize(
    "content",
    [
        '{"cells": [\n{"cell_type": "code", "source": "x = 1",\n"outputs": [\n{"text": [\n"a"\n]}\n]}\n]}',
        '{"cells": [\n{"cell_type": "code",\n "outputs": [\n {"text": [\n "a"\n ]}], "source": "x = 1"}]}',
        '{"outputs": [\n1], "cells": [{"cell_type": "code", "source": "x = 1"}]}',
    ],
)
def test_an_unusual_layout_is_read_all_the_same(content):
    assert sources(read(content.encode(), "a1.ipynb")) == ["x = 1"]


def test_code_that_speaks_of_outputs_is_kept():
    source = 'text = """\n   "outputs": [\n    1\n   ],\n"""'
    assert sources(read_cells(code_cell(source), code_cell(source.splitlines(keepends=True)))) == [source, source]
