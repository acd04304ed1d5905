"""Python files handed in instead of a notebook, and percent-format text."""

import pytest

from grader.submission.notebook import PercentCell, from_percent, percent_cells, read

JSON = b'{"cells": [{"cell_type": "code", "source": "x = 1"}]}'
PLAIN = "def f():\n    pass\n"
PERCENT = "# %%\nx = 1\n# %% [markdown]\n# y\n# %% z\ny = (\n"
EXPORT = "#!/usr/bin/env python\n# In[1]:\n\nx = 1\n\n# In[ ]:\ny = 2"
COLAB = '"""Title"""\n\n!ls\nx = 1\n\n# about y\ny = [\n\n]\n'
FUTURE = "from __future__ import annotations\n\nx = 1\n"


@pytest.mark.parametrize("filename", ["a1.py", "a1.ipynb"])
@pytest.mark.parametrize(
    ("text", "numbers", "how"),
    [
        pytest.param(PLAIN, [1], "taken as one cell", id="plain"),
        pytest.param(PERCENT, [1, 3], "cut into cells at its '# %%' lines", id="percent format"),
        pytest.param(EXPORT, [1, 2], "cut into cells at its '# In[ ]:' lines", id="export of a notebook"),
        pytest.param(COLAB, [1, 2, 3], "cut into 3 cells at blank lines", id="download from Colab"),
        pytest.param(FUTURE, [1], "taken as one cell", id="a future that holds for all of it"),
    ],
)
def test_a_python_file_is_accepted_under_either_name_and_said_so(filename, text, numbers, how):
    notebook = read(text.encode(), filename)
    assert [cell.number for cell in notebook.cells] == numbers
    assert notebook.notices == (f"{filename} holds plain Python and no notebook: accepted, {how}",)


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def test_a_script_is_cut_only_between_its_statements():
    text = "import os\n\n\n@os.x\n\ndef f():\n\n    return 1\nx = 1\n# about y\ny = '''\n\n'''\n\n# about z\nz = 3\n"
    parts = ["import os", "@os.x\n\ndef f():\n\n    return 1\nx = 1\n# about y\ny = '''\n\n'''", "# about z\nz = 3"]
    assert sources(read(text.encode(), "a1.py")) == parts


def test_a_notebook_named_py_and_a_dict_named_py_are_both_read():
    assert sources(read(JSON, "a1.py")) == ["x = 1"]
    assert sources(read(b"{'a': 1}\n", "a1.py")) == ["{'a': 1}\n"]


def test_percent_cells_keep_header_and_kind():
    text = '"""Doc."""\n# %% no_shift | fails: test_a | hint: Subtract.\nx = 1\n\n'
    text += "#%% [markdown] Title\n# t\n# %%time\n# %%\n"
    assert percent_cells(text.replace("\n", "\r\n")) == (
        PercentCell("", "code", '"""Doc."""'),
        PercentCell("no_shift | fails: test_a | hint: Subtract.", "code", "x = 1"),
        PercentCell("[markdown] Title", "markdown", "# t\n# %%time"),
        PercentCell("", "code", ""),
    )
    assert from_percent(text) == ('"""Doc."""', "x = 1", "")
    assert percent_cells("# ---\n# jupyter: x\n# ---\n\n# %% [raw]\n# y") == (PercentCell("[raw]", "raw", "# y"),)
