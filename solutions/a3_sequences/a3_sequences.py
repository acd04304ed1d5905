# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [raw]
# # ASSIGNMENT CONFIG
# name: a3_sequences
# generate: false
# export_cell: false
# tests:
#   files: true
#   ok_format: false

# %% [markdown]
# # Assignment 3: sequences, attention and transformers
#
# A sentence has no fixed length, and what a word means depends on words far away from it. This assignment follows the
# answers to that problem in the order in which they were found. Words become vectors. A recurrent network reads them
# one after the other and carries what it knows along in a state; you will differentiate it by hand, see its gradient
# fade, and repair that with the gates of the LSTM. Attention lets every word look at every other word directly; with
# it you build the transformer, then its two famous halves, BERT and GPT. At the end four programs of yours must learn:
# to remember, to reverse, to speak, and to describe a picture.
#
# | question | you write | with | points |
# |---|---|---|---|
# | q1 | vocabulary, skip-gram with negative samples, GloVe, n-grams of FastText | numpy | 7 |
# | q2 | the recurrent network and its gradient through time | numpy | 9 |
# | q3 | clipping, truncated gradients, and why gradients vanish | numpy | 6 |
# | q4 | the LSTM, forward and backward | numpy | 9 |
# | q5 | the GRU for sequences of different lengths, read in both directions | torch | 8 |
# | q6 | loss with padding, perplexity, beam search | torch | 6 |
# | q7 | attention of a recurrent decoder, additive and multiplicative | torch | 4 |
# | q8 | scaled dot-product attention and its masks | torch | 9 |
# | q9 | multi-head attention | torch | 8 |
# | q10 | positions as sines, layer normalisation | torch | 5 |
# | q11 | the encoder-decoder transformer | torch | 9 |
# | q12 | BERT: masked words, pairs of sentences | torch | 5 |
# | q13 | GPT: the model, and how text comes out of it | torch | 8 |
# | q14 | four networks that are trained and measured | torch | 7 |
#
# Some parts lean on others: q3 differentiates the network of q2, q9 calls your q8, q11 and q13 are put together from q8 to
# q10, and q14 trains what you built. The rest stands by itself: who is stuck in q2 can go on with q4 or q5.
#
# **How to work.** Each question has a text, one code cell to fill in, a cell `grader.check("q4")` and one or two
# *experiments* to look at. Replace every `raise NotImplementedError(...)` of the code cell; keep the names and
# arguments. You may add functions of your own. The checks are small and public: they give no points, and passing
# them does not prove that your code is right. Your notebook is graded later with other inputs, larger, odder and
# unknown to both of us today; the questions under "What usually goes wrong" say what to think of. Cells that
# begin with `# experiment` are skipped when your notebook is graded, so plot and train there as long as you like.
#
# Three habits save hours with sequences. Write the shape at the end of the line: `# (B, T, H)`. Try sizes that all
# differ (2 sentences, 3 words, 5 features), since a square matrix forgives every transposition. And run the same
# sentence alone and in a padded batch: if the two answers differ, something reads the padding.

# %% [markdown]
# ## Conventions
#
# They hold in every question of every assignment.
#
# - **Batch first.** Vectors come as `(N, D)`: N samples, D features; images `(N, C, H, W)`; sequences `(B, T, D)`; masks are
#   boolean with **True = may be attended / is valid**.
# - **numpy or torch**: q1 to q4 are numpy alone, torch would do the work for you there; the rest is torch. A torch result has
#   the dtype and lies on the device of the inputs. scipy, scikit-learn and torchvision cannot be imported while your notebook is graded.
# - **Float types in numpy.** float64 unless the caller passes float32, in which case the result is float32; of integers
#   it is float64. The function `as_float` below is this rule; use it. Labels and tokens are int64.
# - **No function may modify its inputs** unless its docstring says "in place".
# - **Randomness only through an argument**: `rng: np.random.Generator`, `generator: torch.Generator`, a `seed`, or the noise
#   itself. Using the global generators is an error, because nobody could repeat your run.
# - **Losses are means over the batch** unless the question says otherwise.
# - **Numbers may be large.** No overflow, no division by zero, no `nan` for any input a question allows.
#   (Underflow is fine: $e^{-1000}$ *is* 0 to all digits.)
# - What a question asks you to build may not be taken ready-made from torch (`nn.GRU`, `nn.MultiheadAttention`, ...); the
#   question says which parts are ruled out.
# - Nothing is printed, plotted, downloaded or trained outside the cells that begin with `# experiment`.
#
# **Letters.** `B` sequences in a batch, `T` steps (`S` of a source, `Tq` and `Tk` of queries and keys), `D` or `d` features,
# `H` units of a state (in attention: heads), `V` words in the vocabulary. A linear map is written $xW + b$ with `W` of
# shape `(n_in, n_out)`, as in assignment 1, where the question does not say otherwise: torch itself stores the transposed matrix.
#
# **Words.** Your lecture, the books and this notebook do not always use the same ones.
#
# | here | elsewhere |
# |---|---|
# | token | word, symbol, word piece; here always an integer |
# | embedding | word vector, distributed representation |
# | state $h_t$ | hidden state, context, activation feedback |
# | gradient through time | back-propagation through time (BPTT), unfolding |
# | cell state $c_t$ | memory, constant error carousel |
# | valid, padding | real tokens, and the filling that makes the rows of a batch equally long |
# | query, key, value | decoder state, encoder states, encoder states again (in attention before the transformer) |
# | cross attention | encoder-decoder attention |
# | multiplicative attention | general attention, Luong attention; additive: Bahdanau attention, concat |
# | logits | scores before the softmax |
# | perplexity | $e^{\text{loss per token}}$ |
#
# **Books.** *Prince*: S. Prince, Understanding Deep Learning, 2023 (udlbook.github.io), ch. 12 (transformers). *Goodfellow*:
# I. Goodfellow, Y. Bengio, A. Courville, Deep Learning, 2016 (deeplearningbook.org), ch. 10 (recurrent networks) and §12.4
# (language). *Bishop & Bishop*: C. Bishop, H. Bishop, Deep Learning, 2024 (bishopbook.com), ch. 12. On recurrent networks
# Prince and Bishop are brief; Goodfellow is the one to read.

# %%
# given: numpy, torch, the rule about float types, a sigmoid that never overflows, and a way to run experiments
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


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-z) of a numpy array, as you wrote it in assignment 1; for tensors there is torch.sigmoid."""
    z = as_float(z)
    e = np.exp(-np.abs(z))  # at most 1
    return np.where(z >= 0, 1, e) / (1 + e)


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
