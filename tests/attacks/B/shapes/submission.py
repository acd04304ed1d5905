import numpy as np

honest = shares
answers = [
    lambda x: np.zeros((0, x.shape[1])),
    lambda x: honest(x)[None],
    lambda x: 1 / x.shape[1],
    lambda x: honest(x)[:, :1],
]


def shares(x):
    return answers.pop(0)(x)
