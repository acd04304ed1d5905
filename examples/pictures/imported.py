"""A small homework of Otter, imported: what `grader import` says became of each of its tests."""

from __future__ import annotations

import tempfile
from pathlib import Path

from grader.importing.bringing import PAGE, bring
from grader.importing.sources import materials
from grader.paths import Paths

COURSE = 'name = "Deep learning"\n[[component]]\nid = "a"\ntitle = "A"\nweight = 100\nassignments = ["a1_intro"]\n'
MASTER = """\
# %% [raw]
# # ASSIGNMENT CONFIG
# name: hw01

# %%
import numpy as np

# %% [raw]
# # BEGIN QUESTION
# name: relu
# points: 3

# %% [raw]
# # BEGIN SOLUTION

# %%
def relu(z):
    return np.maximum(z, 0)  # SOLUTION

# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS

# %%
assert np.allclose(relu(np.array([-1.0, 2.0])), [0, 2])

# %%
# HIDDEN
z = np.array([-1.0, 2.0])
relu(z)
assert z[0] == -1

# %%
# HIDDEN
saved = relu
del relu
relu = saved

# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: layer
# points: 4

# %% [raw]
# # BEGIN SOLUTION

# %%
class Layer:
    def __init__(self, n_in, n_out):
        # BEGIN SOLUTION
        self.weight, self.bias = np.ones((n_out, n_in)), np.zeros(n_out)
        # END SOLUTION

    def parameters(self):
        yield from (self.weight, self.bias)  # SOLUTION

    def __call__(self, x):
        return x @ self.weight.T + self.bias  # SOLUTION

def highest_power(curve):
    return len(curve.coeffs) - 1  # SOLUTION

# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS

# %%
assert sum(p.size for p in Layer(3, 2).parameters()) == 8

# %%
# HIDDEN
layer = Layer(3, 2)
layer.bias[:] = 5
assert np.allclose(layer(np.zeros(3)), 5)

# %%
# HIDDEN
assert highest_power(np.poly1d([1, 0, 2])) == 2

# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: why
# manual: true
# points: 2

# %% [markdown]
# Why does a network need a nonlinearity?

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# Without one it is a single matrix.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION
"""


def page_of_an_import() -> str:
    """The page, as HTML; the import is made in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths(Path(folder))
        paths.course_toml.write_text(COURSE, encoding="utf-8")
        source = paths.root / "hw01.py"
        source.write_text(MASTER, encoding="utf-8")
        ((assignment_id, file, material),) = materials("otter", source, "a1_intro")
        bring(paths, material, assignment_id, file.name, lambda says: None)
        return (paths.solutions / assignment_id / PAGE).read_text(encoding="utf-8")
