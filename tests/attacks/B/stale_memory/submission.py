import numpy as np


def shares(x):
    return np.empty(x.shape)
