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
# name: a2_cnn
# generate: false
# export_cell: false
# tests:
#   files: true
#   ok_format: false

# %% [markdown]
# # Assignment 2: convolutional networks
#
# A fully connected layer that looks at an image of 200 x 200 pixels has 40 000 weights *per neuron*, and if the cat
# moves by three pixels it has to learn the cat again. A convolution has nine weights, which it uses at every place: what
# it learns about a corner here it knows everywhere. Two ideas, **local** and **shared**, and most of computer vision
# between 1989 and today is built on them.
#
# In the first half you write the parts in plain numpy, forwards and backwards, until nothing about a convolution is
# hidden from you: which pixel meets which weight, where padding goes, what a stride leaves out, why the gradient of a
# convolution is a convolution again. In the second half you build with torch what was built from these parts: LeNet,
# VGG, Inception, ResNet, NetVLAD, U-Net. At the end one network of yours finds digits that wander over a canvas, and
# another one paints every pixel with the shape it belongs to.
#
# | question | you write | with | points |
# |---|---|---|---|
# | q1 | output sizes, parameters, operations, receptive fields, on paper and in code | Python | 6 |
# | q2 | convolution in one, two and three dimensions | numpy | 9 |
# | q3 | the three gradients of a 2-d convolution | numpy | 10 |
# | q4 | im2col, col2im: convolution as one matrix product, and fast | numpy | 8 |
# | q5 | max, average and global pooling, with gradients | numpy | 9 |
# | q6 | transposed convolution and upsampling: the way back up | numpy | 7 |
# | q7 | batch and group normalisation of feature maps | numpy | 7 |
# | q8 | two classics: LeNet-5 and a VGG builder | torch | 7 |
# | q9 | the Inception module | torch | 5 |
# | q10 | residual blocks and a small ResNet | torch | 7 |
# | q11 | boxes: overlap, non-maximum suppression, RoI pooling | torch | 6 |
# | q12 | VLAD and NetVLAD | numpy, torch | 5 |
# | q13 | train: digits that wander | torch | 7 |
# | q14 | U-Net: a label for every pixel | torch | 7 |
#
# **How to work.** Each question has a text, one code cell to fill in, a cell `grader.check("q1")` and one or two
# *experiments* to look at. Replace every `raise NotImplementedError(...)` of the code cell; keep the names and
# arguments. You may add functions of your own. The checks are small and public: they give no points, and passing
# them does not prove that your code is right. Your notebook is graded later with other inputs, larger, odder and
# unknown to both of us today; the questions under "What usually goes wrong" say what to think of. Cells that
# begin with `# experiment` are skipped when your notebook is graded, so plot and train there as long as you like.
#
# **Three habits** that find almost every mistake in q1 to q7 before a test does. Make *all sizes different*: with
# `N, C, F, H, W, kh, kw = 2, 3, 4, 7, 6, 3, 2` two axes that are swapped raise an error instead of passing in silence.
# Write the *four nested loops* first, and keep them: slow code that is obviously right is the best test of fast code.
# Check every gradient against *finite differences* on a 4 x 4 image (you wrote `numeric_gradient` in the first assignment).

# %% [markdown]
# ## Conventions
#
# They hold in every question of every assignment.
#
# - **Batch first.** Vectors come as `(N, D)`: N samples, D features; images `(N, C, H, W)`; sequences `(B, T, D)`; masks are
#   boolean with **True = may be attended / is valid**.
# - **Height before width**, always: a kernel is `(kh, kw)`, a stride `(sh, sw)`, a padding `(ph, pw)`. Padding is put on
#   *both* sides of an axis, so a padded image has $H + 2 p_h$ rows.
# - **Convolution here is what all libraries compute**: the kernel is laid over the image as it is. Mathematicians call
#   that cross-correlation; their convolution flips the kernel first. For weights that are learned it makes no difference.
# - **numpy or torch**: q1 to q7 and `vlad` in q12 are numpy alone; the rest is torch. A torch result has the dtype and lies
#   on the device of the inputs. In the numpy questions neither torch nor `np.convolve` and `np.correlate` may be used;
#   `np.lib.stride_tricks.sliding_window_view` may. scipy, scikit-learn and torchvision cannot be imported while your notebook is
#   graded (experiments are skipped then, and may).
# - **Float types in numpy.** float64 unless the caller passes float32, in which case the result is float32; of integers
#   it is float64. The function `as_float` below is this rule; use it. Where arguments differ, the data decide alone:
#   `x` (`X` in q12), and `dy` for all that a backward pass returns. Labels are int64.
# - **No function may modify its inputs** unless its docstring says "in place".
# - **Randomness only through an argument**: `rng: np.random.Generator`, `generator: torch.Generator`, a `seed`, or the noise
#   itself. Using the global generators is an error, because nobody could repeat your run. (What `nn.Conv2d` and its like draw
#   for their first weights is no such use, nor is `torch.manual_seed(seed)` in q13 and q14.)
# - **Losses are means over the batch** unless the question says otherwise.
# - **Numbers may be large.** No overflow, no division by zero, no `nan` for any input a question allows.
# - Nothing is printed, plotted, downloaded or trained outside the cells that begin with `# experiment`.
#
# **Words.** Your lecture, the books and this notebook do not always use the same ones.
#
# | here | elsewhere |
# |---|---|
# | kernel, weights $w$ of shape `(F, C, kh, kw)` | filter, filter bank, mask, receptive-field weights |
# | map, one of $C$ channels | feature map, activation map, plane |
# | $F$ maps out | number of filters, depth of the output volume |
# | image `(C, H, W)` | volume $W \times H \times D$, depth last |
# | stride, padding, dilation | step, zero padding, à-trous (with holes) |
# | pooling | subsampling, downsampling |
# | transposed convolution | deconvolution, up-convolution, fractionally strided convolution |
# | receptive field | what an output can see of the image |
# | skip connection, shortcut | residual connection, identity mapping |
# | batch normalisation: $\gamma$, $\beta$ | scale and shift; Prince: $\gamma$ and $\delta$ |
# | cotangent: `dy`, the gradient that comes from above | upstream gradient, error signal, delta |
#
# **Books.** *Prince*: S. Prince, Understanding Deep Learning, 2023 (udlbook.github.io): chapters 10 and 11 are about
# this assignment. *Goodfellow*: I. Goodfellow, Y. Bengio, A. Courville, Deep Learning, 2016 (deeplearningbook.org):
# chapter 9. *Bishop*: C. Bishop, Pattern Recognition and Machine Learning, 2006: §5.5.6. For the arithmetic of sizes
# with pictures: V. Dumoulin, F. Visin, A guide to convolution arithmetic for deep learning, 2016.

# %%
# given: numpy, torch, the rule about float types, and a way to run experiments
import math
import sys
import traceback

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


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
