import numpy as np

honest = shares
answers = [
    lambda x: honest(x).astype(">f8"),
    lambda x: honest(x).view(np.matrix),
    lambda x: honest(x)[::-1][::-1],
    lambda x: np.asfortranarray(honest(x)),
]


def shares(x):
    return answers.pop(0)(x)
