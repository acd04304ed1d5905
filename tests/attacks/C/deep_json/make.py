def content(honest):
    return "probe.ipynb", b'{"cells": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}", ()
