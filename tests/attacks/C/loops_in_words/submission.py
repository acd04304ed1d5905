def forever(*args):
    while True:
        pass


class Silent:
    __repr__ = __str__ = __len__ = __iter__ = __eq__ = __hash__ = __bool__ = forever


class Meta(type):
    __repr__ = __instancecheck__ = __subclasscheck__ = forever


class Quiet(Exception):
    __str__ = __repr__ = forever


def shares(x):
    if len(x) == 5:
        return Silent()
    if len(x) == 2:
        raise Quiet
    if len(x) == 3:
        return Meta("Slow", (), {})()
    return {Silent}
