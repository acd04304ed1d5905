import numpy as np


def shares(x):
    if len(x) == 5:
        hoard = []
        while True:
            hoard.append(bytearray(16 << 20))
    if len(x) == 2:
        return np.ones(1 << 40)
    if len(x) == 3:
        return list(range(1 << 40))
    return "x" * (1 << 40)
