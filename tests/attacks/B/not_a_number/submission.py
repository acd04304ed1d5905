import numpy as np

values = [np.nan, np.inf, -np.inf, complex("nan")]


def shares(x):
    return np.full(x.shape, values.pop(0))
