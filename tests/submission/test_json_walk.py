"""The walk through JSON finds what json.loads finds, whatever it steps over, and takes no memory for that."""

from __future__ import annotations

import json
import time
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.errors import SubmissionError
from grader.submission.json_walk import MAX_WALKED, WIDEST_BYTES, WINDOW_BYTES, Walk
from grader.submission.notebook import read

TEXT = st.text(max_size=20) | st.sampled_from(
    ['"', "\\", '\\"', "[", "]}", "{", '"outputs": [', "\\\\", "\ud800", "ä₂✓"]
)
NUMBERS = st.integers() | st.floats() | st.booleans() | st.none()
ANYTHING = st.recursive(
    TEXT | NUMBERS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=30
)
CELL = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown"]), "source": TEXT | st.lists(TEXT, max_size=3)},
    optional={"outputs": st.lists(ANYTHING, max_size=4), "metadata": ANYTHING},
)
CELLS = st.lists(CELL | ANYTHING, max_size=5)
LAYOUTS = st.sampled_from([None, 0, 1, "\t"])
MIB = 2**20


def as_loaded(walk, value):
    """What json.loads would have made of it."""
    if isinstance(value, dict):
        return {key: as_loaded(walk, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_loaded(walk, inner) for inner in value]
    return walk.decoded(value)


def alike(value, other):
    return json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True)  # NaN is like NaN


def loaded(content):
    return json.loads(content.decode("utf-8", "replace"), parse_int=float)


@given(ANYTHING, LAYOUTS, st.booleans(), ANYTHING)
@settings(max_examples=200, deadline=None)
def test_a_value_is_found_whatever_stands_around_it(value, indent, ascii_only, around):
    content = json.dumps(
        {"a": around, "wanted": value, "z": [around, {"wanted": 1}]}, indent=indent, ensure_ascii=ascii_only
    )
    content = content.encode("utf-8", "surrogatepass")
    walk = Walk(content, "a.ipynb")
    found = walk.document({"z": [None]})
    assert alike(as_loaded(walk, found), loaded(content))
    assert isinstance(found["wanted"], slice) and isinstance(found["z"], list)


@given(CELLS, LAYOUTS, st.booleans())
@settings(max_examples=150, deadline=None)
@example([{"cell_type": "code", "source": "x", "outputs": ["\\" * 3]}], None, True)
def test_the_cells_of_a_notebook_are_those_that_json_loads_finds(cells, indent, ascii_only):
    content = json.dumps({"cells": cells}, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    read_cells = [(cell.number, cell.source) for cell in read(content, "a.ipynb").cells]
    assert read_cells == list(code_of(loaded(content)["cells"]))


def code_of(cells):
    """(number, source) of the code cells among what json.loads gave, mended as a reader mends them."""
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell["source"]
            if isinstance(source, str) or all(isinstance(line, str) for line in source):
                text = "".join(source).replace("\r\n", "\n").replace("\r", "\n")
                yield number, text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@given(
    st.binary(max_size=40) | st.lists(st.sampled_from([b'"', b"\\", b"[", b"]", b"{", b"}", b",", b":", b"1", b" "]))
)
@settings(max_examples=300, deadline=None)
def test_what_json_loads_takes_the_walk_takes_and_the_rest_is_read_or_refused(pieces):
    content = pieces if isinstance(pieces, bytes) else b"".join(pieces)
    walk = Walk(content, "a.ipynb")
    try:
        expected = loaded(content)
    except (ValueError, RecursionError):
        try:
            walk.document({"a": [{}]})
        except SubmissionError as refusal:
            assert str(refusal).startswith("a.ipynb: ")
    else:
        assert alike(as_loaded(walk, walk.document({"a": [{}]})), expected)


@pytest.mark.parametrize("size", [WINDOW_BYTES, 5 * WINDOW_BYTES, WIDEST_BYTES])
@pytest.mark.parametrize("pad", range(-3, 4))
@pytest.mark.parametrize("piece", ['"\\""', '"\\\\"', '"\\\\\\"]"', "[[]]", '"]"', '{"a":["]",1]}'])
def test_it_is_no_matter_where_a_window_ends(size, pad, piece):
    outputs = f'["{"x" * (size + pad)}",{piece},[{piece}]]'
    content = f'{{"outputs": {outputs}, "after": "here"}}'.encode()
    walk = Walk(content, "a.ipynb")
    found = walk.document({})
    assert content[found["outputs"]] == outputs.encode()
    assert walk.decoded(found["after"]) == "here"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"a" 1}', "broken at line 1, column 6 (expected ':')"),
        (b'{"a": 1\n "b": 2}', "broken at line 2, column 2 (expected ',')"),
        (b'{"a": 1,}', "broken at line 1, column 9 (expected a string)"),
        (b'{"a": }', "broken at line 1, column 7 (expected a value)"),
        (b'{"a": 1} x', "broken at line 1, column 10 (expected nothing more)"),
        (b'{"a": [1, {"b": "]}', "breaks off after 19 bytes"),
        (b'{"a": "x\\"}', "breaks off after 11 bytes"),
        (b'{"a"', "breaks off after 4 bytes"),
        (b'{"\\x": 1}', "broken at line 1, column 3 (Invalid \\escape"),
    ],
)
def test_broken_json_is_refused_with_the_place(content, says):
    with pytest.raises(SubmissionError) as refusal:
        Walk(content, "a.ipynb").document({})
    assert says in str(refusal.value)


def test_no_more_is_walked_through_than_a_notebook_has():
    many = b'{"a":[' + b"1," * MAX_WALKED + b"1]}"
    assert Walk(many, "a.ipynb").document({})["a"] == slice(5, len(many) - 1)
    with pytest.raises(SubmissionError, match="more than 500000 values are in it beside outputs"):
        Walk(many, "a.ipynb").document({"a": [None]})


OUTPUTS = {
    "one string": b'["' + b"iVBORw0KGgo" * MIB + b'"]',
    "one string of escapes": b'["' + rb"\u2588\n\"\\" * MIB + b'"]',
    "millions of numbers": b"[" + b"[0.125,17],[-1e9,3]," * (MIB // 2) + b"1]",
    "millions of strings": b"[" + b'"ab\\n",' * (2 * MIB) + b"1]",
    "millions of objects": b"[" + b'{"a":[1],"b":{"c":"x"}},' * (MIB // 2) + b"1]",
    "millions of lists in lists": b"[" + b"[[[[[[]]]]],[]]," * (MIB // 2) + b"1]",
    "lists as deep as the file is long": b"[" * 5 * MIB + b"]" * 5 * MIB,
}


@pytest.mark.parametrize("outputs", OUTPUTS.values(), ids=OUTPUTS)
def test_outputs_on_one_line_cost_no_memory_beside_the_file_and_little_time(outputs):
    content = b'{"cells":[{"cell_type":"code","outputs":' + outputs + b',"source":"x = 1"}],"metadata":{}}'
    start = time.process_time()
    tracemalloc.start()
    try:
        notebook = read(content, "a1.ipynb")
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [cell.source for cell in notebook.cells] == ["x = 1"]
    assert "MiB, was in cell 1" in notebook.notices[0]
    assert peak_bytes < max(len(content), 64 * WIDEST_BYTES)  # the window, a list of its strings
    assert time.process_time() - start < 20  # as it is traced; some tenths of a second where it is not


def test_nobodys_notebook_is_refused_because_of_its_outputs():
    values = "[" + "1," * 5_000_000 + "1]"
    content = '{"cells": [{"cell_type": "code", "source": "x = 1", "outputs": ' + values + "}]}"
    (notice,) = read(content.encode(), "a1.ipynb").notices
    assert notice.startswith("9.5 MiB of outputs were dropped")
