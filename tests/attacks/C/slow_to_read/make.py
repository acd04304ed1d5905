import json

TEXTS = (
    "@line_magic\n" * 60_000,
    "@a.b.register_line_magic" * 20_000,
    "register_magic_function(" * 40_000,
    "x? " * 100_000,
    "\n" * 50_000 + "a" * 100_000,
)


def content(honest):
    aside = ["".join(f"def spare_{cell}_{at}(): pass\n" for at in range(4)) for cell in range(400)]
    cells = [("markdown", text) for text in (*aside, "# " + " " * 100_000)]
    cells += [("code", text) for text in (*TEXTS, *honest.decode().split("# %%"))]
    notebook = {
        "cells": [{"cell_type": kind, "source": text, "outputs": [], "metadata": {}} for kind, text in cells],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return "probe.ipynb", json.dumps(notebook).encode(), ()
