import sys


class Silent(Exception):
    args = property(lambda self: 1 / 0)
    __module__ = property(lambda self: 1 / 0)

    def __getattribute__(self, name):
        raise SystemExit(name)

    def __str__(self):
        return 7


def circle():
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    one.__context__, other.__context__ = other, one
    for _ in range(10000):
        one.add_note("note" * 100)
    raise one


def groups():
    inner = ValueError("deep")
    for _ in range(20000):
        inner = ExceptionGroup("g" * 50, [inner])
    raise inner


def nowhere():
    error = SyntaxError("bad", ("/proc/self/mem" * 1000, -5, 10**9, "x" * 10**6, 2**60, -1))
    error.lineno, error.text, error.filename = float("nan"), object(), b"\xff"
    raise error


def shares(x):
    def silent():
        raise Silent()

    {5: circle, 2: groups, 3: nowhere, 4: silent}[len(x)]()
