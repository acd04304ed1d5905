import base64
import json
import struct
import zlib


def content(honest):
    head = struct.pack(">IIBBBBB", 1 << 20, 1 << 20, 8, 2, 0, 0, 0)
    picture = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    )
    picture += zlib.compress(bytes(1 << 24))
    outputs = [
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": base64.b64encode(picture).decode()}},
        {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>alert(1)</script>" * 1000}},
        {"output_type": "stream", "name": "stdout", "text": "<img src=x onerror=alert(1)>"},
    ]
    cells = [
        {"cell_type": "code", "source": source, "outputs": outputs, "metadata": {}, "execution_count": 1}
        for source in honest.decode().split("# %%")
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return "probe.ipynb", json.dumps(notebook, indent=1).encode(), ()
