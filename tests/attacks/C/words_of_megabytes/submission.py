LONG = "word " * 2_000_000


def named():
    raise type(LONG, (Exception,), {})("short")


def said():
    raise ValueError(LONG, LONG, {LONG: LONG})


def deep():
    exec(compile("\n" * 5_000_000 + "raise ValueError(" + repr(LONG[:1000]) + ")", LONG, "exec"))


def printed():
    print(LONG)
    return type(LONG, (), {})()


def shares(x):
    return {5: named, 2: said, 3: deep, 4: printed}[len(x)]()
