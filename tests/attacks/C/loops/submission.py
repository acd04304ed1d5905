import re


class Clinging:
    def __del__(self):
        while True:
            pass


def shares(x):
    if len(x) == 5:
        while True:
            pass
    if len(x) == 2:
        re.match(r"(a+)+$", "a" * 60 + "b")
    if len(x) == 3:
        return 7 ** (10**9)
    Clinging()
    return x
