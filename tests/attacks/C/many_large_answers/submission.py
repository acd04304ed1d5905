import numpy as np


def shares(x):
    return np.random.bytes((2 << 20) - 1000)


class Meter:
    def add(self, values):
        return np.random.bytes((2 << 20) - 1000)

    mean = add
