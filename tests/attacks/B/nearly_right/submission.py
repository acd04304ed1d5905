import numpy as np

honest = shares


def shares(x):
    if x.max() < 1e-6:
        return np.zeros(x.shape)
    return honest(x) * (1 + 1e-7)
