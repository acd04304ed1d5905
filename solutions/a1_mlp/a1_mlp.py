# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %%
# ignore: for the linter alone, this cell is not part of the notebook
# ruff: noqa: E501, RET503

# %% [raw]
# # ASSIGNMENT CONFIG
# name: a1_mlp
# generate: false
# export_cell: false
# tests:
#   files: true
#   ok_format: false

# %% [markdown]
# # Assignment 1: from one neuron to a trained network
#
# You will write, in plain numpy, the way from one neuron of 1943 to a network that reads handwritten digits: neurons
# with a threshold and what they can and cannot do (q1 to q3), soft neurons that learn by gradient descent (q4 to q6),
# and then everything that a deep-learning library does for a feed-forward network: automatic differentiation, the
# backward pass, the optimisers, regularisation, normalisation (q7 to q12). At the end you train: a network that
# compresses digits without a label, and one that reads them (q13, q14). Nothing here is large: the reference
# solution of a question fits on one page.
#
# | question | you write | points |
# |---|---|---|
# | q1 | a neuron of logic: threshold gates, and Hebb's rule | 3 |
# | q2 | the perceptron and the rule that trains it | 6 |
# | q3 | networks of perceptrons for any truth table and any curve | 5 |
# | q4 | five activations and their slopes | 5 |
# | q5 | losses and their gradients | 8 |
# | q6 | a sigmoid neuron that learns by gradient descent | 5 |
# | q7 | a number that can differentiate (scalar autograd) | 10 |
# | q8 | the multi-layer perceptron: initialise, forward, backward | 12 |
# | q9 | seven optimisers | 14 |
# | q10 | second order: Newton, curvature along a direction, conjugate gradients | 5 |
# | q11 | dropout and DropConnect | 6 |
# | q12 | batch normalisation | 8 |
# | q13 | autoencoders and stacked pre-training, trained on digits | 6 |
# | q14 | a digit classifier, trained and selected properly | 7 |
# | | altogether | 100 |
#
# **How to work.** Each question has a text, one code cell to fill in, a cell `grader.check("q4")` and one or two
# *experiments* to look at. Replace every `raise NotImplementedError(...)` of the code cell; keep the names and
# arguments. You may add functions of your own. The checks are small and public: they give no points, and passing
# them does not prove that your code is right. Your notebook is graded later with other inputs, larger, odder and
# unknown to both of us today; the questions under "What usually goes wrong" say what to think of. Cells that
# begin with `# experiment` are skipped when your notebook is graded, so plot and train there as long as you like.

# %% [markdown]
# ## Conventions
#
# They hold in every question of every assignment.
#
# - **Batch first.** Vectors come as `(N, D)`: N samples, D features. Later assignments: images `(N, C, H, W)`,
#   sequences `(B, T, D)`, masks boolean with **True = may be attended / is valid**.
# - **Float types.** float64 unless the caller passes float32, in which case the result is float32; of integers
#   it is float64. The function `as_float` below is this rule; use it. The float arrays of one call have one type; where
#   float64 comes in from elsewhere (`gamma` in q12, random numbers), the data decide (`X`, `x`, `z`, `dY`). Labels are int64.
# - **No function may modify its inputs** unless its docstring says "in place".
# - **Randomness only through an argument** `rng: np.random.Generator`. Calling `np.random.normal(...)` and the
#   like is an error, because nobody could repeat your run.
# - **Losses are means over the batch** unless the signature has `reduction`.
# - **Numbers may be large.** No overflow, no division by zero, no `nan` for any input a question allows.
#   (Underflow is fine: $e^{-1000}$ *is* 0 to all digits.)
# - Nothing is printed, plotted, downloaded or trained outside the cells that begin with `# experiment`.
# - numpy only. torch, scipy and scikit-learn cannot be imported while your notebook is graded, and q7 does
#   without numpy.
#
# **Words.** Your lecture, the books and this notebook do not always use the same ones.
#
# | here | elsewhere |
# |---|---|
# | multi-layer perceptron (MLP) | multi-layer feed-forward neural network (MLFFNN), deep feed-forward network (DFNN) |
# | loss | divergence (DIV), cost, error |
# | momentum | generalized delta rule |
# | Adam | AdaM |
# | autoencoder, bottleneck | auto-associative network (AANN), dimension-reduction layer |
# | pre-activation $z$, activation $a$ | Prince: $f$ and $h$; Goodfellow: $a$ and $h$; Bishop: $a$ and $z$ |
# | weights $W$ of shape `(n_in, n_out)`, $z = aW + b$ | the books write $W a + b$ for one column vector: $W$ is transposed |
#
# **Books.** *Prince*: S. Prince, Understanding Deep Learning, 2023 (udlbook.github.io). *Goodfellow*: I.
# Goodfellow, Y. Bengio, A. Courville, Deep Learning, 2016 (deeplearningbook.org). *Bishop*: C. Bishop, Pattern
# Recognition and Machine Learning, 2006.

# %%
# given: numpy, the rule about float types, and a way to run experiments

import math
import sys
import traceback

import numpy as np


def as_float(x: np.ndarray) -> np.ndarray:
    """x as an array of floats: float32 stays float32, everything else becomes float64."""
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


def experiment(run):
    """Run an experiment at once; what is not implemented yet, or wrong, ends it with a remark instead of an error."""
    try:
        run()
        return
    except NotImplementedError as gap:
        print(f"Nothing to see yet. {gap}")
    except ModuleNotFoundError as gap:
        print(f"Nothing to see here: {gap.name} is not installed (README.md names all that you need).")
    except Exception:
        print("This experiment ended early: one of your functions, perhaps of a question above, is not right yet.")
        traceback.print_exc()
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")  # axes that were begun would be shown with nothing in them
