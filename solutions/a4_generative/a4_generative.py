# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [raw]
# # ASSIGNMENT CONFIG
# name: a4_generative
# generate: false
# export_cell: false
# tests:
#   files: true
#   ok_format: false

# %% [markdown]
# # Assignment 4: generative models

# %% [markdown]
# ## Conventions
#
# They hold in every question of every assignment.
#
# - **Batch first.** Vectors come as `(N, D)`: N samples, D features; images `(N, C, H, W)`; sequences `(B, T, D)`; masks are
#   boolean with **True = may be attended / is valid**.
# - **numpy or torch**: q12 is numpy alone; the rest is torch. A torch result has the dtype and lies on the device of the inputs.
# - **Float types in numpy.** float64 unless the caller passes float32, in which case the result is float32. The function
#   `as_float` below is this rule; use it. Labels are int64.
# - **No function may modify its inputs** unless its docstring says "in place".
# - **Randomness only through an argument**: `rng: np.random.Generator`, `generator: torch.Generator`, a `seed`, or the noise
#   itself. Using the global generators is an error, because nobody could repeat your run.
# - **Losses are means over the batch** unless the question says otherwise.
# - **Numbers may be large.** No overflow, no division by zero, no `nan` for any input a question allows.
# - Nothing is printed, plotted, downloaded or trained outside the cells that begin with `# experiment`.

# %%
# given: numpy, torch, the rule about float types, and a way to run experiments
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def as_float(x: np.ndarray) -> np.ndarray:
    """x as an array of floats: float32 stays float32, everything else becomes float64."""
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


def experiment(run):
    """Run an experiment at once; what is not implemented yet ends it with a remark instead of an error."""
    try:
        run()
    except NotImplementedError as gap:
        print(f"Nothing to see yet. {gap}")
