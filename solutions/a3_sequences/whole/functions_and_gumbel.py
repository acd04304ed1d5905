# A complete solution, written from the released notebook alone: an autograd function, closures as caches, Gumbel draws.


# %%
# given in the notebook: imports, float types, sigmoid
import contextlib
import functools
import heapq
import math
from collections import Counter
from collections.abc import Callable

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


# %%
# q1


def build_vocab(tokens: list[str], min_freq: int, specials: list[str]) -> dict[str, int]:
    vocab: dict[str, int] = {}
    often = Counter(tokens)
    alphabetical = sorted(word for word, times in often.items() if times >= min_freq)
    # a stable sort, also with reverse=True: equally frequent words stay in alphabetical order
    for word in [*specials, *sorted(alphabetical, key=often.__getitem__, reverse=True)]:
        vocab.setdefault(word, len(vocab))
    return vocab


def encode(tokens: list[str], vocab: dict[str, int], unk: str = "<unk>") -> list[int]:
    def number(word):
        try:
            return vocab[word]
        except KeyError:
            return vocab[unk]

    return list(map(number, tokens))


def decode(ids: list[int], vocab: dict[str, int]) -> list[str]:
    by_number = sorted(vocab, key=vocab.__getitem__)
    return [by_number[i] for i in ids]


def skipgram_pairs(ids: list[int], window: int) -> list[tuple[int, int]]:
    def company(i):
        yield from ids[max(i - window, 0) : i]
        yield from ids[i + 1 : i + 1 + window]

    return [(centre, other) for i, centre in enumerate(ids) for other in company(i)]


def noise_distribution(counts: np.ndarray) -> np.ndarray:
    counts = as_float(counts)
    share = (counts / counts.max()) ** 0.75  # at most 1, so the sum cannot overflow
    return share / share.sum()


def sgns_loss_grad(vc: np.ndarray, uo: np.ndarray, un: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    vc, uo, un = map(as_float, (vc, uo, un))
    kind = np.result_type(vc, uo, un)
    centre = vc.astype(np.float64)[:, None, :]  # (B, 1, d)
    others = np.concatenate([uo[:, None, :], un], axis=1).astype(np.float64)  # (B, 1 + K, d): the true one is first
    sign = np.where(np.arange(others.shape[1]) == 0, 1.0, -1.0)  # (1 + K,)
    score = sign * (others * centre).sum(axis=2)  # (B, 1 + K): all should be large
    B = len(vc)
    loss = np.logaddexp(0, -score).sum() / B
    dproduct = (-sign * sigmoid(-score) / B)[:, :, None]  # (B, 1 + K, 1)
    dothers = (dproduct * centre).astype(kind)
    dcentre = (dproduct * others).sum(axis=1).astype(kind)
    return float(loss), dcentre, dothers[:, 0], dothers[:, 1:]


def glove_loss(
    W: np.ndarray,
    U: np.ndarray,
    b: np.ndarray,
    c: np.ndarray,
    X: np.ndarray,
    xmax: float = 100.0,
    alpha: float = 0.75,
) -> float:
    W, U, b, c, X = (np.asarray(a, dtype=np.float64) for a in (W, U, b, c, X))
    i, j = np.nonzero(X > 0)
    seen = X[i, j]
    gap = (W @ U.T)[i, j] + b[i] + c[j] - np.log(seen)
    weight = (np.minimum(seen, xmax) / xmax) ** alpha
    return float(np.dot(weight, gap**2))


def fasttext_ngrams(word: str, nmin: int, nmax: int) -> list[str]:
    framed = f"<{word}>"
    pieces = [framed]
    for size in range(nmin, min(nmax, len(framed) - 1) + 1):  # shorter than the whole, which is there already
        pieces += map("".join, zip(*(framed[i:] for i in range(size)), strict=False))
    return pieces


# %%
# q2

# name of an activation -> itself, and its slope as a function of its own value
_ACTIVATIONS = {
    "tanh": (np.tanh, lambda a: (1 - a) * (1 + a)),
    "sigmoid": (sigmoid, lambda a: a * (1 - a)),
}


def _states(x, h0, Wx, Wh, b, g):
    """(B, T + 1, H): h0 and all states after it."""
    drive = x @ Wx + b  # (B, T, H)
    states = np.empty((drive.shape[0], drive.shape[1] + 1, drive.shape[2]), np.result_type(drive, h0, Wh))
    states[:, 0] = h0
    for t in range(drive.shape[1]):
        states[:, t + 1] = g(drive[:, t] + states[:, t] @ Wh)
    return states


def _deltas(dh, slope, Wh, passes):
    """All delta_t (B, T, H), and what arrives at h0; passes(t): may step t hand its gradient to step t - 1?"""
    delta = np.empty(dh.shape, np.result_type(dh, slope, Wh))
    later = np.zeros((dh.shape[0], dh.shape[2]), delta.dtype)
    for t in reversed(range(dh.shape[1])):
        delta[:, t] = (dh[:, t] + later) * slope[:, t]
        later = delta[:, t] @ Wh.T if passes(t) else np.zeros_like(later)
    return delta, later


def _shared(delta, x, before):
    """Gradients of the shared parameters: sums over batch and time at once."""
    both = ([0, 1], [0, 1])
    return {"dWx": np.tensordot(x, delta, both), "dWh": np.tensordot(before, delta, both), "db": delta.sum(axis=(0, 1))}


def rnn_forward(
    x: np.ndarray, h0: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray, act: str
) -> tuple[np.ndarray, object]:
    x, h0, Wx, Wh, b = map(as_float, (x, h0, Wx, Wh, b))
    g, slope_at = _ACTIVATIONS[act]
    states = _states(x, h0, Wx, Wh, b, g)

    def differentiate(dh):
        delta, dh0 = _deltas(as_float(dh), slope_at(states[:, 1:]), Wh, lambda t: True)
        return {"dx": delta @ Wx.T, "dh0": dh0, **_shared(delta, x, states[:, :-1])}

    return states[:, 1:].copy(), differentiate


def rnn_backward(dh: np.ndarray, cache: object) -> dict[str, np.ndarray]:
    return cache(dh)  # the cache is the backward pass itself: a closure that remembers the forward pass


# %%
# q3


def clip_grad_norm(grads: dict[str, np.ndarray], max_norm: float) -> tuple[dict[str, np.ndarray], float]:
    floats = {name: as_float(grad) for name, grad in grads.items()}
    g = np.concatenate([np.zeros(0), *(grad.ravel().astype(np.float64) for grad in floats.values())])
    peak = float(np.abs(g).max(initial=0.0))
    if math.isfinite(peak):
        _, exponent = math.frexp(peak)  # a power of two, so that scaling costs no digit
        norm = math.ldexp(float(np.sqrt(np.sum(np.ldexp(g, -exponent) ** 2))), exponent)
    else:
        norm = peak  # inf or nan: no direction to keep, and the caller hears of it
    if not (math.isfinite(norm) and norm > max_norm):
        return {name: grad.copy() for name, grad in floats.items()}, norm

    def shorten(grad):
        return np.asarray(grad.astype(np.float64) / norm * max_norm).astype(grad.dtype)

    return {name: shorten(grad) for name, grad in floats.items()}, norm


def tbptt_grads(
    x: np.ndarray, h0: np.ndarray, params: dict[str, np.ndarray], dh: np.ndarray, k: int
) -> dict[str, np.ndarray]:
    x, h0, dh, Wx, Wh, b = map(as_float, (x, h0, dh, params["Wx"], params["Wh"], params["b"]))
    tanh, slope_at = _ACTIVATIONS["tanh"]
    states = _states(x, h0, Wx, Wh, b, tanh)  # the states do not care about the borders
    delta, _ = _deltas(dh, slope_at(states[:, 1:]), Wh, lambda t: t % k != 0)  # step t opens a chunk: nothing passes
    return _shared(delta, x, states[:, :-1])


def jacobian_norms(h: np.ndarray, Wh: np.ndarray) -> np.ndarray:
    h, Wh = as_float(h), as_float(Wh)
    kind = np.result_type(h, Wh)
    h, Wh = h.astype(np.float64), Wh.astype(np.float64)
    T, H = h.shape
    norms = np.ones(T)
    product, exponent = np.eye(H), 0  # the true product is product * 2^exponent
    with np.errstate(over="ignore", under="ignore"):
        for t in reversed(range(T - 1)):
            slope = (1 - h[t + 1]) * (1 + h[t + 1])
            product = (Wh * slope) @ product  # J_t in front
            _, shift = math.frexp(float(np.abs(product).max(initial=0.0)))
            product, exponent = np.ldexp(product, -shift), exponent + shift
            norms[t] = np.ldexp(np.linalg.norm(product, 2), exponent)
        return norms.astype(kind)


# %%
# q4


def lstm_forward(
    x: np.ndarray, h0: np.ndarray, c0: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, object]:
    x, h0, c0, Wx, Wh, b = map(as_float, (x, h0, c0, Wx, Wh, b))
    kind = np.result_type(x, h0, c0, Wx, Wh, b)
    (B, T, _), H = x.shape, h0.shape[1]
    h, c = np.empty((T + 1, B, H), kind), np.empty((T + 1, B, H), kind)  # time first; entry 0 is the start
    gates = np.empty((4, T, B, H), kind)  # i, f, g, o
    h[0], c[0] = h0, c0
    for t in range(T):
        z = x[:, t] @ Wx + h[t] @ Wh + b  # (B, 4H)
        for gate, part, squash in zip(gates, np.split(z, 4, axis=1), (sigmoid, sigmoid, np.tanh, sigmoid), strict=True):
            gate[t] = squash(part)
        i, f, g, o = gates[:, t]
        c[t + 1] = f * c[t] + i * g
        h[t + 1] = o * np.tanh(c[t + 1])
    cache = {"x": x, "Wx": Wx, "Wh": Wh, "h": h, "c": c, "gates": gates}
    return h[1:].swapaxes(0, 1).copy(), c[1:].swapaxes(0, 1).copy(), cache


def lstm_backward(dh: np.ndarray, dc_last: np.ndarray, cache: object) -> dict[str, np.ndarray]:
    dh, hbar, cbar = as_float(dh), 0.0, as_float(dc_last)
    x, Wx, Wh, h, c, gates = (cache[name] for name in ("x", "Wx", "Wh", "h", "c", "gates"))
    B, T, _ = x.shape
    kind = np.result_type(dh, cbar, h)
    dx, dWx, dWh, db = (np.zeros(shape, kind) for shape in (x.shape, Wx.shape, Wh.shape, Wh.shape[1:]))
    hbar, cbar = np.zeros(h.shape[1:], kind), cbar.astype(kind)
    for t in reversed(range(T)):
        i, f, g, o = gates[:, t]
        shown = np.tanh(c[t + 1])
        hbar = hbar + dh[:, t]
        cbar = cbar + hbar * o * (1 - shown) * (1 + shown)
        dz = np.concatenate(
            [
                cbar * g * i * (1 - i),
                cbar * c[t] * f * (1 - f),
                cbar * i * (1 - g) * (1 + g),
                hbar * shown * o * (1 - o),
            ],
            axis=1,
        )  # (B, 4H)
        dx[:, t] = dz @ Wx.T
        dWx += x[:, t].T @ dz
        dWh += h[t].T @ dz
        db += dz.sum(axis=0)
        hbar, cbar = dz @ Wh.T, cbar * f
    return {"dx": dx, "dh0": hbar, "dc0": cbar, "dWx": dWx, "dWh": dWh, "db": db}


def init_lstm_bias(H: int, forget: float = 1.0) -> np.ndarray:
    return np.repeat(np.array([0.0, forget, 0.0, 0.0]), H)


# %%
# q5


def gru_forward(
    x: torch.Tensor,
    h0: torch.Tensor,
    W_ih: torch.Tensor,
    W_hh: torch.Tensor,
    b_ih: torch.Tensor,
    b_hh: torch.Tensor,
    lengths: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    B, T, _ = x.shape
    if lengths is None:
        valid = torch.ones(B, T, dtype=torch.bool, device=x.device)
    else:
        valid = torch.arange(T, device=x.device) < lengths.to(x.device).unsqueeze(1)
    from_input = F.linear(x.masked_fill(~valid.unsqueeze(2), 0), W_ih, b_ih)  # padding cannot even overflow
    h, outputs = h0, []
    for now, alive in zip(from_input.unbind(1), valid.unsqueeze(2).unbind(1), strict=True):
        (ir, iz, i_n), (hr, hz, hn) = now.chunk(3, -1), F.linear(h, W_hh, b_hh).chunk(3, -1)
        proposal = torch.tanh(i_n + torch.sigmoid(ir + hr) * hn)
        new = torch.lerp(proposal, h, torch.sigmoid(iz + hz))  # (1 - z) n + z h
        h = torch.where(alive, new, h)
        outputs.append(new.masked_fill(~alive, 0))
    return torch.stack(outputs, 1), h


def bidirectional(fwd, bwd, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    ends = lengths.tolist()

    def turned(batch):
        return torch.stack([torch.cat([row[:n].flip(0), row[n:]]) for row, n in zip(batch, ends, strict=True)])

    return torch.cat([fwd(x, lengths), turned(bwd(turned(x), lengths))], dim=2)


# %%
# q6


def masked_cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, pad_id: int, label_smoothing: float = 0.0
) -> torch.Tensor:
    there = targets != pad_id
    log_p = logits[there].log_softmax(-1)  # (n, V): only the words that are there
    n, V = log_p.shape
    right = log_p.gather(1, targets[there].long().unsqueeze(1))
    total = (right * ((1 - label_smoothing) / max(n, 1))).sum()
    if label_smoothing:
        total = total + (log_p * (label_smoothing / V / max(n, 1))).sum()
    return -total


def perplexity(total_nll: float, n_tokens: int) -> float:
    return math.exp(float(total_nll) / n_tokens) if n_tokens else 1.0


def beam_search(step, bos: int, eos: int, beam: int, max_len: int, alpha: float = 0.0) -> tuple[list[int], float]:
    def score(entry):
        tokens, log_p = entry
        written = len(tokens) - 1
        return log_p / written**alpha if written else 0.0

    alive, finished = [([bos], 0.0)], []
    candidates = alive
    for _ in range(max_len):
        table = torch.as_tensor(step([list(tokens) for tokens, _ in alive])).detach().to("cpu", torch.float64)
        best = table.topk(min(beam, table.shape[1]), dim=1)  # of one beginning never more than beam are kept
        offers = []
        for row, (gains, words) in enumerate(zip(best.values.tolist(), best.indices.tolist(), strict=True)):
            offers += [
                (alive[row][1] + gain, row, word) for gain, word in zip(gains, words, strict=True) if gain > -math.inf
            ]
        kept = [([*alive[row][0], word], log_p) for log_p, row, word in heapq.nlargest(beam, offers)]
        finished += [entry for entry in kept if entry[0][-1] == eos]
        alive = [entry for entry in kept if entry[0][-1] != eos]
        candidates = finished + alive or candidates  # (dead ends alone: the beginnings before them)
        if not alive:
            break
    winner = max(candidates, key=score)
    return winner[0], float(score(winner))


# %%
# q7


def _weights(scores: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Softmax over the last axis among the keys that mask permits; zeros where there are none."""
    scores = scores.masked_fill(~mask, -math.inf)
    peak = scores.detach().amax(-1, keepdim=True)
    e = torch.exp(scores - peak.masked_fill(peak == -math.inf, 0))
    total = e.sum(-1, keepdim=True)  # 0, or at least 1
    return e / (total + (total == 0))


def _look_up(score: Callable, K: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    K = K.masked_fill(~mask.unsqueeze(2), 0)  # whatever stands in the padding
    w = _weights(score(K), mask)
    return (w.unsqueeze(2) * K).sum(1), w


def additive_attention(
    q: torch.Tensor, K: torch.Tensor, mask: torch.Tensor, Wq: torch.Tensor, Wk: torch.Tensor, v: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    return _look_up(lambda keys: torch.tanh((q @ Wq).unsqueeze(1) + keys @ Wk) @ v, K, mask)


def multiplicative_attention(
    q: torch.Tensor, K: torch.Tensor, mask: torch.Tensor, W: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    return _look_up(lambda keys: torch.einsum("bi,ij,bsj->bs", q, W, keys), K, mask)


# %%
# q8


class _PermittedSoftmax(torch.autograd.Function):
    """Softmax over the last axis among what mask permits, 0 elsewhere, with its gradient written out."""

    @staticmethod
    def forward(ctx, scores, mask):
        if mask is None:
            weights = scores.softmax(-1)
        else:
            lonely = ~mask.any(-1, keepdim=True)  # rows without a key: any numbers do, they are wiped out below
            scores = scores.masked_fill(~mask, -math.inf).masked_fill(lonely, 0)
            weights = scores.softmax(-1).masked_fill(~mask, 0)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    def backward(ctx, dweights):
        (weights,) = ctx.saved_tensors
        inner = (weights * dweights).sum(-1, keepdim=True)
        return weights * (dweights - inner), None


def sdpa(
    Q: torch.Tensor, K: torch.Tensor, V: torch.Tensor, mask: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    scores = torch.einsum("...qd,...kd->...qk", Q * Q.shape[-1] ** -0.5, K)
    attn = _PermittedSoftmax.apply(scores, mask)
    return attn @ V, attn


def causal_mask(T: int, device: torch.device | str | None = None) -> torch.Tensor:
    place = torch.arange(T, device=device)
    return place.unsqueeze(1) >= place


def padding_mask(ids: torch.Tensor, pad_id: int) -> torch.Tensor:
    return ids.ne(pad_id)[:, None, None]


def combine_masks(*masks: torch.Tensor | None) -> torch.Tensor | None:
    given = [mask for mask in masks if mask is not None]
    if not given:
        return None
    return functools.reduce(torch.logical_and, given[1:], given[0].clone())


# %%
# q9


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int, bias: bool = True) -> None:
        super().__init__()
        if n_heads < 1 or d_model % n_heads:
            raise ValueError(f"{d_model} features cannot be shared equally among {n_heads} heads")
        self.n_heads = n_heads
        for letter in "qkvo":
            self.add_module(f"{letter}_proj", nn.Linear(d_model, d_model, bias=bias))

    def heads(self, x: torch.Tensor) -> torch.Tensor:
        """(B, T, D) -> (B, H, T, dh): consecutive columns belong to one head."""
        return torch.stack(x.chunk(self.n_heads, dim=-1), dim=1)

    def keys_values(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.heads(self.k_proj(x)), self.heads(self.v_proj(x))

    def answer(self, q: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, mask: torch.Tensor | None):
        """q (B, Tq, D) asks keys and values that are split already."""
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)  # one mask for all heads of a sample
        found, _ = sdpa(self.heads(self.q_proj(q)), keys, values, mask)
        return self.o_proj(torch.cat(found.unbind(1), dim=-1))

    def forward(
        self, q: torch.Tensor, kv: torch.Tensor | None = None, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        return self.answer(q, *self.keys_values(q if kv is None else kv), mask)


# %%
# q10


def sinusoidal_pe(T: int, d: int, base: float = 10000.0) -> torch.Tensor:
    if d % 2:
        raise ValueError(f"d must be even, not {d}")
    speed = float(base) ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)  # (d/2,) hands of the clock
    angle = torch.outer(torch.arange(T, dtype=torch.float64), speed)
    hands = torch.polar(torch.ones_like(angle), angle)  # cos + i sin
    return torch.view_as_real(hands).flip(-1).reshape(T, d).float()


class LayerNorm(nn.Module):
    def __init__(self, d: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = nn.Parameter(torch.ones(d)), nn.Parameter(torch.zeros(d)), eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x - x.mean(-1, keepdim=True)
        x = x - x.mean(-1, keepdim=True)  # once more: what rounding left of a large mean
        unit = x.detach().abs().amax(-1, keepdim=True).clamp_min(1)  # large numbers are squared in a larger unit
        x = x / unit
        deviation = torch.sqrt((x * x).mean(-1, keepdim=True) + self.eps / unit / unit)
        return torch.addcmul(self.bias, x / deviation, self.weight)


# %%
# q11


class _Residual(nn.Module):
    """x + f(LN(x), ...)"""

    def __init__(self, d: int, f: nn.Module) -> None:
        super().__init__()
        self.norm, self.f = LayerNorm(d), f

    def forward(self, x: torch.Tensor, *others) -> torch.Tensor:
        return x + self.f(self.norm(x), *others)


def _feed_forward(d: int, wide: int, activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    return nn.Sequential(nn.Linear(d, wide), activation(), nn.Linear(wide, d))


class EncoderLayer(nn.Module):
    def __init__(self, d: int, heads: int, d_ff: int) -> None:
        super().__init__()
        self.look = _Residual(d, MultiHeadAttention(d, heads))
        self.think = _Residual(d, _feed_forward(d, d_ff))

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        return self.think(self.look(x, None, mask))


class DecoderLayer(EncoderLayer):
    """An encoder layer with a look across between its two sublayers."""

    def __init__(self, d: int, heads: int, d_ff: int) -> None:
        super().__init__(d, heads, d_ff)
        self.across = _Residual(d, MultiHeadAttention(d, heads))

    def forward(
        self,
        x: torch.Tensor,
        memory: torch.Tensor,
        self_mask: torch.Tensor | None = None,
        memory_mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        return self.think(self.across(self.look(x, None, self_mask), memory, memory_mask))


class _Stack(nn.Module):
    """Embedding * sqrt(d) + positions, layers, a last norm: one half of the transformer."""

    def __init__(self, vocab: int, layers: list[nn.Module], d: int, max_len: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab, d)
        nn.init.normal_(self.embedding.weight, std=d**-0.5)
        self.layers, self.norm = nn.ModuleList(layers), LayerNorm(d)
        self.register_buffer("positions", sinusoidal_pe(max_len, d), persistent=False)

    def forward(self, ids: torch.Tensor, *others) -> torch.Tensor:
        x = self.embedding(ids) * math.sqrt(self.positions.shape[1]) + self.positions[: ids.shape[1]]
        return self.norm(functools.reduce(lambda x, layer: layer(x, *others), self.layers, x))


class Seq2SeqTransformer(nn.Module):
    def __init__(
        self, v_src: int, v_tgt: int, d: int, heads: int, layers: int, d_ff: int, pad_id: int, max_len: int
    ) -> None:
        super().__init__()
        self.pad_id, self.max_len = pad_id, max_len
        self.encoder = _Stack(v_src, [EncoderLayer(d, heads, d_ff) for _ in range(layers)], d, max_len)
        self.decoder = _Stack(v_tgt, [DecoderLayer(d, heads, d_ff) for _ in range(layers)], d, max_len)
        self.logits = nn.Linear(d, v_tgt)

    def forward(self, src: torch.Tensor, tgt_in: torch.Tensor) -> torch.Tensor:
        tokens = padding_mask(src, self.pad_id)  # (B, 1, 1, S)
        memory = self.encoder(src, tokens)
        past = causal_mask(tgt_in.shape[1], tgt_in.device)  # (T, T)
        return self.logits(self.decoder(tgt_in, memory, past, tokens))

    @torch.no_grad()
    def greedy_decode(self, src: torch.Tensor, bos: int, eos: int, max_new: int) -> torch.Tensor:
        read = torch.full((len(src), 1), bos, dtype=torch.long, device=src.device)  # what the decoder reads
        done = torch.zeros_like(read, dtype=torch.bool)  # (B, 1)
        text = [read]
        while len(text) <= max_new and not done.all():
            word = self(src, read)[:, -1].argmax(-1, keepdim=True)
            text.append(word.masked_fill(done, self.pad_id))
            # pad_id is a word of the source; a finished row goes on reading eos, a word of the target
            read = torch.cat([read, word.masked_fill(done, eos)], dim=1)
            done = done | (word == eos)
        return torch.cat(text, dim=1)


def shift_right(tgt: torch.Tensor, bos: int) -> torch.Tensor:
    moved = tgt.roll(1, dims=1)
    moved[:, 0] = bos
    return moved


# %%
# q12


def mlm_mask(
    ids: torch.Tensor, special_ids: set[int], mask_id: int, vocab_size: int, p: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    where = {"generator": generator, "device": generator.device}
    special = torch.tensor(sorted(special_ids), dtype=ids.dtype, device=ids.device)
    # one coin with four sides: below 0.8 p, below 0.9 p, below p, and the rest
    coin = torch.rand(ids.shape, dtype=torch.float64, **where).to(ids.device)
    coin = coin.masked_fill(torch.isin(ids, special), 2.0)
    labels = torch.where(coin < p, ids, -100)
    inputs = ids.masked_fill(coin < 0.8 * p, mask_id)
    words = torch.tensor(sorted(set(range(vocab_size)) - set(special_ids) - {mask_id}), dtype=ids.dtype)
    if len(words):
        drawn = words.to(ids.device)[torch.randint(len(words), ids.shape, **where).to(ids.device)]
        inputs = torch.where((coin >= 0.8 * p) & (coin < 0.9 * p), drawn, inputs)
    return inputs, labels


def nsp_pairs(docs: list[list[list[int]]], generator: torch.Generator) -> list[tuple[list[int], list[int], int]]:
    def draw(n):
        return int(torch.randint(n, (1,), generator=generator, device=generator.device))

    everything = [sentence for doc in docs for sentence in doc]
    pairs, begin = [], 0
    for doc in docs:
        elsewhere = len(everything) - len(doc)
        for a, follower in zip(doc, doc[1:], strict=False):
            if draw(2) or not elsewhere:
                pairs.append((a, follower, 1))
            else:
                i = draw(elsewhere)
                pairs.append((a, everything[i if i < begin else i + len(doc)], 0))  # jump over this document
        begin += len(doc)
    return pairs


def mlm_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return masked_cross_entropy(logits, labels, -100)


def pack_pair(a: list[int], b: list[int], cls: int, sep: int, pad: int, max_len: int) -> dict[str, torch.Tensor]:
    room = max_len - 3
    if len(a) + len(b) > room:
        share = min(len(a), max(room - len(b), (room + 1) // 2))  # what cutting the longer one leaves of a
        a, b = a[:share], b[: room - share]
    first, second = [cls, *a, sep], [*b, sep]
    n, fill = len(first) + len(second), max_len - len(first) - len(second)
    return {
        "ids": torch.tensor([*first, *second, *[pad] * fill], dtype=torch.long),
        "segments": torch.tensor([0] * len(first) + [1] * len(second) + [0] * fill, dtype=torch.long),
        "mask": torch.arange(max_len) < n,
    }


# %%
# q13


class _KeyValueStore:
    """The keys and values that one attention layer has computed so far, (B, H, T, dh) each."""

    def __init__(self) -> None:
        self.pair = None

    def __len__(self) -> int:
        return 0 if self.pair is None else self.pair[0].shape[2]

    def extend(self, *new: torch.Tensor) -> tuple[torch.Tensor, ...]:
        self.pair = (
            new if self.pair is None else tuple(torch.cat(two, dim=2) for two in zip(self.pair, new, strict=True))
        )
        return self.pair


class _CausalAttention(MultiHeadAttention):
    """Self-attention to the past, of which a store may hold a part."""

    def forward(self, x: torch.Tensor, store: _KeyValueStore | None = None) -> torch.Tensor:
        keys, values = self.keys_values(x)
        if store is not None:
            keys, values = store.extend(keys, values)
        mask = causal_mask(keys.shape[2], x.device)[-x.shape[1] :]  # the rows of the queries that are there
        return self.answer(x, keys, values, mask)


class GPT(nn.Module):
    def __init__(self, vocab: int, d: int, heads: int, layers: int, max_len: int) -> None:
        super().__init__()
        self.max_len = max_len
        self.tokens = nn.Embedding(vocab, d)
        self.places = nn.Parameter(torch.empty(max_len, d))
        for table in (self.tokens.weight, self.places):
            nn.init.normal_(table, std=0.1)
        self.attentions = nn.ModuleList(_Residual(d, _CausalAttention(d, heads)) for _ in range(layers))
        self.mlps = nn.ModuleList(_Residual(d, _feed_forward(d, 4 * d, nn.GELU)) for _ in range(layers))
        self.norm, self.logits = LayerNorm(d), nn.Linear(d, vocab)

    def new_stores(self) -> list[_KeyValueStore]:
        return [_KeyValueStore() for _ in self.attentions]

    def forward(self, ids: torch.Tensor, stores: list[_KeyValueStore] | None = None) -> torch.Tensor:
        """stores: from new_stores; ids then goes on where the calls before have ended"""
        start = len(stores[0]) if stores else 0
        x = self.tokens(ids) + self.places[start : start + ids.shape[1]]
        for attention, mlp, store in zip(self.attentions, self.mlps, stores or [None] * len(self.mlps), strict=True):
            x = mlp(attention(x, store))
        return self.logits(self.norm(x))


def lm_loss(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    surprise = -logits[:, :-1].log_softmax(-1)
    return torch.take_along_dim(surprise, ids[:, 1:, None].long(), -1).mean()


def filter_logits(
    logits: torch.Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> torch.Tensor:
    if temperature == 0:
        top = logits.argmax(-1, keepdim=True)
        return torch.full_like(logits, -math.inf).scatter(-1, top, 0.0)
    z = logits.double() / temperature
    order = z.argsort(dim=-1, descending=True, stable=True)
    rank = order.argsort(-1)  # 0 for the largest: the way back from sorted order
    if top_k is not None:
        z = z.masked_fill(rank >= top_k, -math.inf)
    if top_p is not None and top_p < 1:
        p = z.softmax(-1).take_along_dim(order, -1)
        larger = F.pad(p.cumsum(-1)[:, :-1], (1, 0))  # the mass in front of each, 0 for the first
        slack = min(1e-6, 4 * torch.finfo(logits.dtype).eps)  # 0.7 is reached by 0.5 + 0.2, whatever rounding says
        enough = larger >= top_p - slack
        enough[:, 0] = False
        z = z.masked_fill(enough.take_along_dim(rank, -1), -math.inf)
    return z.log_softmax(-1).to(logits.dtype)


@contextlib.contextmanager
def _at_work(model: nn.Module):
    """Eval mode; afterwards every part of the model is in the mode it was in."""
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


@torch.no_grad()
def generate(
    model: nn.Module,
    idx: torch.Tensor,
    n: int,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    generator: torch.Generator,
    use_cache: bool,
) -> torch.Tensor:
    text = idx.clone()
    stores, seen = (model.new_stores() if use_cache else None), 0
    with _at_work(model):
        for _ in range(n):
            length = text.shape[1]
            if use_cache and length <= model.max_len:
                logits, seen = model(text[:, seen:], stores), length
            else:  # beyond max_len every token moves to a new position at every step: old keys are worth nothing
                logits = model(text[:, -model.max_len :])
            log_p = filter_logits(logits[:, -1], temperature, top_k, top_p).double()
            # Gumbel's trick: the largest of log p + noise is a draw from p
            u = torch.rand(log_p.shape, generator=generator, device=generator.device, dtype=torch.float64)
            word = (log_p - torch.log(-torch.log(u.to(log_p.device)))).argmax(-1, keepdim=True)
            text = torch.cat([text, word.to(text.dtype)], dim=1)
    return text


# %%
# q14
PAD, BOS, EOS = 0, 1, 2  # in b; the digits 0 to 9 are the tokens 3 to 12
WORD_TOKENS = 14  # in d; the last one, 13, stands for the beginning of a caption


def _fit(model: nn.Module, loss_of_rows: Callable, rows: int, batch: int, steps: int, peak: float) -> nn.Module:
    """Adam on random rows; the rate rises for a fifth of the steps and then falls to 0 along a cosine."""

    def rate(step):
        done = (step + 1) / steps
        return done / 0.2 if done < 0.2 else 0.5 + 0.5 * math.cos(math.pi * (done - 0.2) / 0.8) + 1e-3

    optimiser = torch.optim.NAdam(model.parameters(), peak)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    model.train()
    for _ in range(steps):
        optimiser.zero_grad()
        loss_of_rows(torch.randint(rows, (batch,))).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return model.eval()


class _KeeperCell(nn.Module):
    """A minimal gated unit: one gate u says how much of the state is replaced; at the start it is little."""

    def __init__(self, n_in: int, H: int, openness: float) -> None:
        super().__init__()
        self.gate, self.proposal = nn.Linear(n_in + H, H), nn.Linear(n_in + H, H)
        nn.init.constant_(self.gate.bias, openness)

    def forward(self, x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        u = torch.sigmoid(self.gate(torch.cat([x, h], -1)))
        return torch.lerp(h, torch.tanh(self.proposal(torch.cat([x, u * h], -1))), u)


class _Rememberer(nn.Module):
    def __init__(self, H: int = 64) -> None:
        super().__init__()
        self.embedding, self.cell, self.name = nn.Embedding(12, 24), _KeeperCell(24, H, -2.0), nn.Linear(H, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.name.weight.new_zeros(len(x), self.name.in_features)
        return self.name(functools.reduce(lambda h, e: self.cell(e, h), self.embedding(x).unbind(1), h))


def train_recall(x: torch.Tensor, y: torch.Tensor, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    model = _Rememberer()
    return _fit(model, lambda rows: masked_cross_entropy(model(x[rows]), y[rows], -1), len(x), 64, 250, 0.01)


def train_reverse(src: torch.Tensor, tgt: torch.Tensor, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    model = Seq2SeqTransformer(13, 13, 48, 4, 1, 128, PAD, 10)

    def loss(rows):
        return masked_cross_entropy(model(src[rows], shift_right(tgt[rows], BOS)), tgt[rows], PAD)

    return _fit(model, loss, len(src), 64, 300, 0.006)


class _CausalConvolution(nn.Module):
    """Predicts from the last three tokens: a convolution that is padded on the left alone."""

    def __init__(self, vocab: int = 8, d: int = 16, wide: int = 128) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab, d)
        self.near, self.out = nn.Conv1d(d, wide, 3), nn.Conv1d(wide, vocab, 1)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = F.pad(self.embedding(ids).mT, (2, 0))  # (B, d, 2 + T)
        return self.out(F.gelu(self.near(x))).mT


def train_lm(ids: torch.Tensor, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    model, windows = _CausalConvolution(), ids.unfold(0, 25, 1)  # (n - 24, 25), a view

    def loss(rows):
        window = windows[rows]
        return masked_cross_entropy(model(window[:, :-1]), window[:, 1:], -1)

    return _fit(model, loss, len(windows), 64, 400, 0.01)


class _Describer(nn.Module):
    def __init__(self, H: int = 96) -> None:
        super().__init__()
        sizes = (3, 24, 48, H)
        self.eye = nn.Sequential()
        for n_in, n_out in zip(sizes, sizes[1:], strict=False):
            self.eye.extend([nn.Conv2d(n_in, n_out, 3, 2 if n_in > 3 else 1, 1), nn.BatchNorm2d(n_out), nn.ReLU()])
        self.embedding, self.cell, self.word = (
            nn.Embedding(WORD_TOKENS, 32),
            _KeeperCell(32, H, 0.0),
            nn.Linear(H, WORD_TOKENS),
        )

    def forward(self, pictures: torch.Tensor, said: torch.Tensor | None = None) -> torch.Tensor:
        """Logits (N, 4, WORD_TOKENS); said: the words to read, (N, 4); None: its own"""
        h, logits = self.eye(pictures).amax((2, 3)), []
        word = torch.full((len(pictures),), WORD_TOKENS - 1, device=pictures.device)
        for t in range(4):
            h = self.cell(self.embedding(word), h)
            logits.append(self.word(h))
            word = logits[-1].argmax(-1) if said is None else said[:, t]
        return torch.stack(logits, 1)


def train_captioner(X: torch.Tensor, captions: torch.Tensor, seed: int) -> Callable:
    torch.manual_seed(seed)
    model = _Describer()
    _fit(model, lambda r: masked_cross_entropy(model(X[r], captions[r]), captions[r], -1), len(X), 64, 470, 0.005)

    @torch.no_grad()
    def caption(pictures: torch.Tensor) -> torch.Tensor:
        return model(pictures).argmax(-1)

    return caption
