import json


def content(honest):
    cells = [
        {
            "cell_type": "code",
            "source": source,
            "outputs": [],
            "metadata": {"x": float("nan")},
            "execution_count": 10**30,
        }
        for source in honest.decode().split("# %%")
    ]
    odd = [7, None, {"cell_type": 3, "source": "x"}, {"cell_type": "code", "source": {"a": 1}}, {"cell_type": "code"}]
    surrogate = {"cell_type": "code", "source": "word = 'SURROGATE'", "outputs": "none", "metadata": []}
    text = json.dumps({"cells": [*odd, surrogate, *cells], "metadata": {"kernelspec": [], "language_info": 3}})
    text = text.replace("SURROGATE", "\\ud800").replace('"metadata": []', '"metadata": [], "metadata": {}, "id": 1e999')
    return "probe.ipynb", b"\xef\xbb\xbf" + text.encode(), ()
