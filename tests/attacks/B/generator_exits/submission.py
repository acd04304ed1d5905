class Worse(BaseException):
    def __str__(self):
        raise SystemExit

    __repr__ = __str__


class Dying:
    def __del__(self):
        raise SystemExit


def shares(x):
    if len(x) == 5:
        raise GeneratorExit
    if len(x) == 2:
        raise Worse
    if len(x) == 3:
        Dying()
        return Dying()
    raise BaseExceptionGroup("many", [Worse(), StopIteration()])
