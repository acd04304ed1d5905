import json

BOMBS = (
    "x = " + "(" * 150 + "1" + ")" * 150,
    "x = " + "-" * 100_000 + "1",
    "x = 1" + " + 1" * 50_000,
    "x = a" + ".b" * 50_000,
    "x = " + "[" * 90 + "]" * 90,
    "x = " + "f'{" * 20 + "1" + "}'" * 20,
    "x = " + "not " * 50_000 + "1",
    "x = " + "lambda: " * 20_000 + "1",
    "if 1:\n" + "".join(" " * depth + "if 1:\n" for depth in range(1, 99)) + " " * 99 + "pass",
    "x = " + "9" * 100_000,
    "x = " + "a if b else " * 20_000 + "1",
    "\0",
    "x = '" + "\\N{BEL}" * 20_000 + "'",
    "@" * 1000 + "x\ndef f(): pass",
    "def f(" + ", ".join(f"a{number}" for number in range(20_000)) + "): pass",
    "x = " + "await " * 10_000 + "y",
    "*" * 50_000,
)


def content(honest):
    sources = [*BOMBS, *honest.decode().split("# %%")]
    cells = [{"cell_type": "code", "source": source, "outputs": [], "metadata": {}} for source in sources]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return "probe.ipynb", json.dumps(notebook).encode(), ()
