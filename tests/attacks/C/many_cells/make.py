import json


def content(honest):
    cells = [{"cell_type": "code", "source": "x = 1", "outputs": [], "metadata": {}}] * 100_000
    return "probe.ipynb", json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).encode(), ()
