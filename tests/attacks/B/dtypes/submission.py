import numpy as np

honest = shares
answers = [
    lambda x: honest(x).astype(str),
    lambda x: honest(x).astype(object),
    lambda x: honest(x) > 0,
    lambda x: honest(x) + 1j,
]


def shares(x):
    return answers.pop(0)(x)
