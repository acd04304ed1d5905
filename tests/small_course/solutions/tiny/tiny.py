# %%
import numpy as np


# %%
def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# %%
class Counter:
    def __init__(self):
        self.value = 0

    def step(self):
        self.value += 1


# %%
def running_sum(x):
    return np.cumsum(x)


# %%
# experiment: plot
raise RuntimeError("experiments are not run")
