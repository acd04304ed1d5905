import json

MARKUP = "<script>alert(1)</script>"


def content(honest):
    sources = honest.decode().split("# %%\n")
    odd = {
        "nbgrader": {"grade": True, "points": 100, "solution": False, "locked": True, "grade_id": "../../etc/passwd"},
        "otter": {"tests": ["q1"]},
        "deletable": False,
        "tags": ["hide", "skip-execution", "raises-exception", MARKUP, "parameters"],
        "slideshow": {"slide_type": MARKUP},
        "jupyter": {"source_hidden": True, "outputs_hidden": True},
        "vscode": {"languageId": "shellscript"},
        "magic_args": "bash -c id",
    }
    cells = [
        {
            "cell_type": "code",
            "id": f"{MARKUP}{number}"[:64] if number % 2 else "same",
            "metadata": odd,
            "execution_count": -1,
            "outputs": [],
            "source": source,
            "attachments": {MARKUP: {"text/html": MARKUP}},
        }
        for number, source in enumerate(sources)
    ]
    cells.append(
        {
            "cell_type": "markdown",
            "metadata": {"points": 10},
            "source": f"# Grade: 10/10 {MARKUP}",
            "attachments": {"../../x.png": {"image/svg+xml": MARKUP}},
        }
    )
    cells.append({"cell_type": "raw", "metadata": {"format": "text/html"}, "source": MARKUP})
    book = {
        "nbformat": 4,
        "nbformat_minor": 99,
        "metadata": {
            "kernelspec": {
                "name": "../../bin/sh",
                "display_name": MARKUP,
                "language": "bash",
                "argv": ["sh", "-c", "id"],
            },
            "language_info": {"name": "R", "file_extension": "/../../.py", "codemirror_mode": MARKUP},
            "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {MARKUP: MARKUP * 999}}},
            "jupytext": {"formats": "ipynb,../../evil//py:percent", "text_representation": {"extension": "/etc/x"}},
            "signature": "sha256:0",
            "title": MARKUP,
            "authors": [{"name": MARKUP}],
            "student": "somebody else",
        },
        "cells": cells,
    }
    return f"probe.ipynb", json.dumps(book).encode(), ()
