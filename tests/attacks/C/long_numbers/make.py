LONG = "0x" + "f" * 100_000
CELL = f"""
TABLE = {{{LONG}: {LONG}}}


def shares(x, large={LONG}):
    if x is large:
        return x * {LONG}
    raise KeyError(large)
"""


def content(honest):
    return "probe.py", honest + b"\n# %%\n" + CELL.encode(), ()
