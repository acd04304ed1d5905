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
# name: a4_generative
# generate: false
# export_cell: false
# tests:
#   files: true
#   ok_format: false

# %% [markdown]
# # Assignment 4: generative models
#
# A classifier answers a question about a picture. A generative model has to know the picture itself: how likely it
# is, or how to make another one like it. There are few ways to teach a network that, and you will write them all:
#
# - **Say how likely, approximately** (q1 to q4). The variational autoencoder has a hidden cause $z$ behind every $x$.
#   The likelihood $p(x) = \int p(x \mid z)\,p(z)\,dz$ cannot be computed, a bound below it can, and is trained.
# - **Never say, only make** (q5 to q7). A generator turns noise into samples and a discriminator tries to tell them
#   from the data. No likelihood is left, only a game between two networks.
# - **Make it in small steps** (q8 to q11). Diffusion destroys data with a little noise many times; a network learns to
#   undo one such step, and a thousand undone steps turn noise into data.
# - **Give every state an energy** (q12). The restricted Boltzmann machine, with which deep learning began again in
#   2006.
# - **Tie pictures to words** (q13), which is how a generator is told what to draw; and **measure** what came out (q14).
#
# | question | you write | points |
# |---|---|---|
# | q1 | log-densities and KL divergences | 7 |
# | q2 | reparametrisation: sampling with a gradient | 5 |
# | q3 | the evidence lower bound, and a tighter one | 8 |
# | q4 | variational autoencoders, and one that can be checked against the exact likelihood | 7 |
# | q5 | GAN objectives and the gradient penalty | 7 |
# | q6 | one step of the discriminator, one of the generator | 9 |
# | q7 | convolutional GAN, conditional GAN | 6 |
# | q8 | diffusion: schedules and their coefficients | 8 |
# | q9 | noising, targets, loss | 8 |
# | q10 | sampling: DDPM and DDIM | 10 |
# | q11 | time embedding and guidance | 5 |
# | q12 | restricted Boltzmann machine | 6 |
# | q13 | CLIP: one space for pictures and texts | 5 |
# | q14 | sample metrics; train a VAE, a GAN and a diffusion model | 9 |
# | | | **100** |
#
# **How to work.** Each question has a text, one code cell to fill in, a cell `grader.check("q1")` and one or two
# *experiments* to look at. Replace every `raise NotImplementedError(...)` of the code cell; keep the names and
# arguments. You may add functions of your own, and a later question may call an earlier one. The checks are small and
# public: they give no points, and passing them does not prove that your code is right. Your notebook is graded later
# with other inputs, larger, odder and unknown to both of us today; the questions under "What usually goes wrong" say
# what to think of. Cells that begin with `# experiment` are skipped when your notebook is graded, so plot and train
# there as long as you like.
#
# **A warning about this subject.** A generative model with a mistake in it usually trains, and its samples usually look
# plausible. A discriminator that is updated once too often, a noise table that is off by one index, a KL divergence
# that is averaged instead of summed: the loss goes down all the same. So this assignment asks for numbers that can be
# known exactly wherever there are any: a formula on paper, a derivative, a likelihood in closed form. Do the same at
# home. "It looks right" is no evidence here.

# %% [markdown]
# ## Conventions
#
# They hold in every question of every assignment.
#
# - **Batch first.** Vectors come as `(N, D)`: N samples, D features; images `(N, C, H, W)`; sequences `(B, T, D)`; masks are
#   boolean with **True = may be attended / is valid**.
# - **numpy or torch**: q12 is numpy alone; the rest is torch. A torch result has the dtype and lies on the device of the inputs.
# - **Float types in numpy.** float64 unless the caller passes float32, in which case the result is float32; of integers
#   it is float64. The function `as_float` below is this rule; use it. Labels are int64.
# - **No function may modify its inputs** unless its docstring says "in place".
# - **Randomness only through an argument**: `rng: np.random.Generator`, `generator: torch.Generator`, a `seed`, or the noise
#   itself. Using the global generators is an error, because nobody could repeat your run. (Modules are the exception:
#   `nn.Linear(...)` draws its first weights from torch's global generator, and may.)
# - **Losses are means over the batch** unless the question says otherwise.
# - **Numbers may be large.** No overflow, no division by zero, no `nan` for any input a question allows.
# - Nothing is printed, plotted, downloaded or trained outside the cells that begin with `# experiment`.
# - **From scratch** means: `torch.distributions`, `F.binary_cross_entropy...`, `F.kl_div` and `F.gaussian_nll_loss` are
#   ruled out in q1, `F.binary_cross_entropy...` and `nn.BCE...` in q5, and what q13 names. Everything else of torch is yours; scipy,
#   scikit-learn and torchvision cannot be imported while your notebook is graded (experiments are skipped then, and may).
#
# **Words.** Your lecture, the books and this notebook do not always use the same ones.
#
# | here | elsewhere |
# |---|---|
# | latent variable $z$ | hidden variable, code, cause; in a GAN simply "noise" |
# | encoder, $q(z \mid x)$ | recognition network, inference network, approximate (variational) posterior |
# | decoder, $p(x \mid z)$ | observation model, likelihood; its spread is `obs_logvar` in q4 |
# | `logvar` | $\ln \sigma^2$: the standard deviation is $e^{\text{logvar}/2}$ |
# | evidence lower bound (ELBO) | variational lower bound, negative variational free energy; here a *loss* is minus the ELBO |
# | nll | negative log-likelihood, in nats (natural logarithm) |
# | logit | the plain output of the last layer, before any sigmoid |
# | discriminator $D$, generator $G$ | critic (in WGAN); generator = decoder without an encoder |
# | nonsaturating loss | "the $-\log D$ trick" |
# | `alphas`, `alpha_bars` | $1 - \beta_t$ and its running product. Prince writes $\alpha_t$ for the *product* |
# | noise level, time, $t$ | diffusion step; here $t = 0$ is the first noisy one |
# | guidance weight $w$ | guidance scale; some papers call $w - 1$ so |
#
# **Books.** *Prince*: S. Prince, Understanding Deep Learning, 2023 (udlbook.github.io). *Goodfellow*: I.
# Goodfellow, Y. Bengio, A. Courville, Deep Learning, 2016 (deeplearningbook.org). *Bishop*: C. Bishop, Pattern
# Recognition and Machine Learning, 2006.

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
