import numpy as np
import torch

turns = []
escaped = []


def freed(z):
    z = z.clone()
    z.untyped_storage().resize_(0)
    return z


def kept(z):
    torch.vmap(lambda row: (escaped.append(row), row)[1])(z)
    return escaped[-1]


def softened(z):
    turns.append(1)
    shape = tuple(z.shape)
    answers = (
        lambda: np.full(shape, "0.5", dtype=np.dtypes.StringDType()),
        lambda: kept(z),
        lambda: freed(z),
        lambda: z.to(torch.float8_e5m2),
        lambda: np.full(shape, 0.5, dtype=[("value", "f8"), ("object", "O")]),
        lambda: z.to(torch.complex32),
    )
    return answers[len(turns) % len(answers)]()
