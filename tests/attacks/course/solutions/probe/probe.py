# %%
import numpy as np

# CANARYTEXT: a comment of the reference solution


# %%
def shares(x):
    """Each row divided by its sum."""
    return x / x.sum(axis=1, keepdims=True)


# %%
class Meter:
    """A running mean."""

    def __init__(self):
        self.total = 0.0
        self.count = 0

    def add(self, values):
        self.total += float(np.sum(values))
        self.count += len(values)

    def mean(self):
        return self.total / self.count

    def fill(self, source, n):
        self.add([source() for _ in range(n)])


# %%
def half_life(rate):
    from constants import LN2

    return LN2 / rate


# %%
def centred(x):
    return x - x.mean()
