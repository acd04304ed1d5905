# A complete solution, written from the released notebook alone by another hand than from_release.py.

# %%
import math

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
import itertools as it
from collections import Counter


def build_vocab(tokens: list[str], min_freq: int, specials: list[str]) -> dict[str, int]:
    counted = Counter(tokens)

    def words():
        yield from specials
        reserved = frozenset(specials)
        yield from sorted(
            (w for w, n in counted.items() if n >= min_freq and w not in reserved), key=lambda w: (-counted[w], w)
        )

    return dict(zip(words(), it.count()))


def encode(tokens, vocab, unk="<unk>"):
    return [vocab[t] if t in vocab else vocab[unk] for t in tokens]


def decode(ids, vocab):
    table = sorted(vocab, key=vocab.__getitem__)
    return [table[i] for i in ids]


def skipgram_pairs(ids, window):
    def walk():
        for i, centre in enumerate(ids):
            for j in range(max(0, i - window), min(len(ids), i + window + 1)):
                if j != i:
                    yield centre, ids[j]

    return list(walk())


def noise_distribution(counts):
    p = as_float(counts)
    p = (p / p.max()) ** 0.75
    return p / p.sum()


def log_sigma(s):
    return -np.logaddexp(0, -s)


def sgns_loss_grad(vc, uo, un):
    vc, uo, un = map(as_float, (vc, uo, un))
    B = len(vc)
    good = np.einsum("bd,bd->b", uo, vc)
    bad = np.einsum("bkd,bd->bk", un, vc)
    loss = -(log_sigma(good).sum() + log_sigma(-bad).sum()) / B
    g, k = (sigmoid(good) - 1) / B, sigmoid(bad) / B
    dvc = np.einsum("b,bd->bd", g, uo) + np.einsum("bk,bkd->bd", k, un)
    return float(loss), dvc, np.einsum("b,bd->bd", g, vc), np.einsum("bk,bd->bkd", k, vc)


def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    W, U, b, c, X = map(as_float, (W, U, b, c, X))
    i, j = np.nonzero(X > 0)
    x = X[i, j]
    miss = np.einsum("nd,nd->n", W[i], U[j]) + b[i] + c[j] - np.log(x)
    weight = np.minimum(1, (x / xmax) ** alpha)
    return float(np.sum(weight * miss**2))


def fasttext_ngrams(word, nmin, nmax):
    whole = f"<{word}>"
    sizes = (n for n in range(nmin, nmax + 1) if n < len(whole))
    return [whole[s : s + n] for n in sizes for s in range(len(whole) - n + 1)] + [whole]


# %%
# q2
GATES_OF_Q2 = {"tanh": (np.tanh, lambda a: 1 - a * a), "sigmoid": (sigmoid, lambda a: a * (1 - a))}


def rnn_forward(x, h0, Wx, Wh, b, act):
    x, h0, Wx, Wh, b = map(as_float, (x, h0, Wx, Wh, b))
    g, slope = GATES_OF_Q2[act]
    states = list(it.accumulate(np.moveaxis(x, 1, 0), lambda h, xt: g(xt @ Wx + h @ Wh + b), initial=h0))
    before, h = np.stack(states[:-1], axis=1), np.stack(states[1:], axis=1)

    def backward(dh):  # the cache is a closure
        dh, carry, deltas = as_float(dh), np.zeros_like(h0), []
        for t in reversed(range(x.shape[1])):
            deltas.insert(0, (dh[:, t] + carry) * slope(h[:, t]))
            carry = deltas[0] @ Wh.T
        delta = np.stack(deltas, axis=1)
        return {
            "dx": np.einsum("bth,dh->btd", delta, Wx),
            "dh0": carry,
            "dWx": np.einsum("btd,bth->dh", x, delta),
            "dWh": np.einsum("btg,bth->gh", before, delta),
            "db": delta.sum(axis=(0, 1)),
        }

    return h, backward


def rnn_backward(dh, cache):
    return cache(dh)


# %%
# q3
def clip_grad_norm(grads, max_norm):
    wide = {name: np.asarray(g, dtype=np.float64) for name, g in grads.items()}
    top = max(
        (np.max(np.abs(g)) for g in wide.values() if g.size), default=0.0, key=lambda v: np.inf if np.isnan(v) else v
    )
    norm = 0.0 if top == 0 else float(top * math.sqrt(sum(float(np.sum((g / top) ** 2)) for g in wide.values())))
    keep = {name: as_float(g).copy() for name, g in grads.items()}
    if norm > max_norm:
        keep = {name: (wide[name] / norm * max_norm).astype(keep[name].dtype) for name in keep}
    return keep, norm


def tbptt_grads(x, h0, params, dh, k):
    x, h0, dh = map(as_float, (x, h0, dh))
    weights = [params[name] for name in ("Wx", "Wh", "b")]

    def rest(start, state):  # recursion over chunks
        if start >= x.shape[1]:
            return
        piece = slice(start, start + k)
        h, cache = rnn_forward(x[:, piece], state, *weights, act="tanh")
        yield rnn_backward(dh[:, piece], cache)
        yield from rest(start + k, h[:, -1])

    total = {}
    for grads in rest(0, h0):
        for name in ("dWx", "dWh", "db"):
            total[name] = total.get(name, 0) + grads[name]
    return total


def jacobian_norms(h, Wh):
    h, Wh = as_float(h), as_float(Wh)
    steps = [Wh * (1 - later**2) for later in h[:0:-1]]
    products = it.accumulate(steps, lambda P, J: J @ P, initial=np.eye(h.shape[1], dtype=h.dtype))
    return np.array([np.linalg.norm(P, 2) for P in products], dtype=h.dtype)[::-1]


# %%
# q4
from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class Tick:
    x: object
    h: object
    c: object
    i: object
    f: object
    g: object
    o: object
    tc: object


def lstm_forward(x, h0, c0, Wx, Wh, b):
    x, h, c, Wx, Wh, b = map(as_float, (x, h0, c0, Wx, Wh, b))
    hs, cs, ticks = [], [], []
    for t in range(x.shape[1]):
        zi, zf, zg, zo = np.split(x[:, t] @ Wx + h @ Wh + b, 4, axis=1)
        i, f, g, o = sigmoid(zi), sigmoid(zf), np.tanh(zg), sigmoid(zo)
        new = f * c + i * g
        tc = np.tanh(new)
        ticks.append(Tick(x[:, t], h, c, i, f, g, o, tc))
        h, c = o * tc, new
        hs.append(h)
        cs.append(c)
    return np.stack(hs, 1), np.stack(cs, 1), (tuple(ticks), Wx, Wh)


def lstm_backward(dh, dc_last, cache):
    ticks, Wx, Wh = cache
    dh, dc = as_float(dh), as_float(dc_last)
    back, dWx, dWh, db, dx = 0, np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(Wx[0]), []
    for t in range(len(ticks) - 1, -1, -1):
        k = ticks[t]
        hbar = dh[:, t] + back
        cbar = dc + hbar * k.o * (1 - k.tc**2)
        dz = np.concatenate(
            [
                cbar * k.g * k.i * (1 - k.i),
                cbar * k.c * k.f * (1 - k.f),
                cbar * k.i * (1 - k.g**2),
                hbar * k.tc * k.o * (1 - k.o),
            ],
            axis=1,
        )
        dWx += k.x.T @ dz
        dWh += k.h.T @ dz
        db += dz.sum(axis=0)
        dx.append(dz @ Wx.T)
        back, dc = dz @ Wh.T, cbar * k.f
    return dict(dx=np.stack(dx[::-1], 1), dh0=back, dc0=dc, dWx=dWx, dWh=dWh, db=db)


def init_lstm_bias(H, forget=1.0):
    return np.repeat([0.0, forget, 0.0, 0.0], H)


# %%
# q5
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    B, T, _ = x.shape
    alive = torch.ones(B, T, dtype=torch.bool, device=x.device)
    if lengths is not None:
        alive = torch.arange(T, device=x.device) < lengths.to(x.device)[:, None]
    x = torch.where(alive[..., None], x, torch.zeros((), dtype=x.dtype, device=x.device))
    left = torch.einsum("btd,gd->tbg", x, W_ih) + b_ih
    h, rows = h0, []
    for now, on in zip(left, alive.T):
        ir, iz, inn = now.chunk(3, dim=-1)
        hr, hz, hn = F.linear(h, W_hh, b_hh).chunk(3, dim=-1)
        r, z = torch.sigmoid(ir + hr), torch.sigmoid(iz + hz)
        n = torch.tanh(inn + r * hn)
        on = on[:, None]
        h = torch.where(on, torch.lerp(n, h, z), h)
        rows.append(torch.where(on, h, torch.zeros_like(h)))
    return torch.stack(rows, dim=1), h


def bidirectional(fwd, bwd, x, lengths):
    steps = torch.arange(x.shape[1], device=x.device)[None]
    n = lengths.to(x.device)[:, None]
    turn = torch.where(steps < n, n - 1 - steps, steps)
    row = torch.arange(len(x), device=x.device)[:, None]
    return torch.cat([fwd(x, lengths), bwd(x[row, turn], lengths)[row, turn]], dim=-1)


# %%
# q6
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    there = targets != pad_id
    log_p = logits[there].log_softmax(dim=-1)
    nll = -log_p.gather(1, targets[there].long()[:, None]).sum()
    if label_smoothing:
        nll = (1 - label_smoothing) * nll - label_smoothing * log_p.mean(dim=-1).sum()
    return nll / max(int(there.sum()), 1)


def perplexity(total_nll, n_tokens):
    try:
        return math.exp(total_nll / n_tokens)
    except OverflowError:
        return math.inf


def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    import heapq

    alive, done = [(0.0, [bos])], []
    for _ in range(max_len):
        if not alive:
            break
        table = torch.as_tensor(step([list(p) for _, p in alive])).tolist()
        options = ((lp + q, p + [v]) for (lp, p), row in zip(alive, table) for v, q in enumerate(row) if q > -math.inf)
        best = heapq.nlargest(beam, options, key=lambda pair: pair[0])
        done += [pair for pair in best if pair[1][-1] == eos]
        alive = [pair for pair in best if pair[1][-1] != eos]

    def score(pair):
        return pair[0] / max(len(pair[1]) - 1, 1) ** alpha

    winner = max(done + alive, key=score, default=(0.0, [bos]))
    return winner[1], score(winner)


# %%
# q7
def weights_of(e, mask):
    some = mask.any(dim=-1, keepdim=True)
    e = torch.where(mask | ~some, e, torch.full_like(e, -torch.inf))
    w = e.softmax(dim=-1)
    return torch.where(some, w, torch.zeros_like(w))


def additive_attention(q, K, mask, Wq, Wk, v):
    e = torch.einsum("a,bsa->bs", v, torch.tanh((q @ Wq).unsqueeze(1) + K @ Wk))
    w = weights_of(e, mask)
    return torch.einsum("bs,bsd->bd", w, K), w


def multiplicative_attention(q, K, mask, W):
    w = weights_of(torch.einsum("bi,ij,bsj->bs", q, W, K), mask=mask)
    return (w[:, None] @ K)[:, 0], w


# %%
# q8
from functools import reduce


def sdpa(Q, K, V, mask=None):
    e = torch.einsum("...qd,...kd->...qk", Q / math.sqrt(Q.shape[-1]), K)
    if mask is None:
        attn = e.softmax(-1)
    else:
        mask = mask.expand_as(e)
        none = ~mask.any(-1, keepdim=True)
        attn = e.masked_fill(~(mask | none), -torch.inf).softmax(-1).masked_fill(none, 0.0)
    return torch.einsum("...qk,...kv->...qv", attn, V), attn


def causal_mask(T, device=None):
    i = torch.arange(T, device=device)
    return i[:, None] >= i


def padding_mask(ids, pad_id):
    return (ids != pad_id)[:, None, None]


def combine_masks(*masks):
    left = [m for m in masks if m is not None]
    return reduce(torch.logical_and, left) if left else None


# %%
# q9
from einops import rearrange


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=True):
        if d_model % n_heads:
            raise ValueError("heads must divide the width")
        super().__init__()
        self.n_heads = n_heads
        for name in "qkvo":
            self.add_module(f"{name}_proj", nn.Linear(d_model, d_model, bias=bias))

    def heads(self, x):
        return rearrange(x, "b t (h d) -> b h t d", h=self.n_heads)

    def forward(self, q, kv=None, mask=None):
        kv = q if kv is None else kv
        if mask is not None and mask.dim() == 3:
            mask = mask[:, None]
        out, _ = sdpa(self.heads(self.q_proj(q)), self.heads(self.k_proj(kv)), self.heads(self.v_proj(kv)), mask=mask)
        return self.o_proj(rearrange(out, "b h t d -> b t (h d)"))


# %%
# q10
from functools import cache, lru_cache


@cache
def clock(T, d, base):
    speed = torch.exp(-math.log(base) * torch.arange(0, d, 2, dtype=torch.float64) / d)
    angle = torch.outer(torch.arange(T, dtype=torch.float64), speed)
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1).float()


def sinusoidal_pe(T, d, base=10000.0):
    if d % 2:
        raise ValueError(f"{d} is odd")
    return clock(T, d, float(base)).clone()


class LayerNorm(nn.Module):
    def __init__(self, d, eps=1e-5):
        super().__init__()
        self.register_parameter("weight", nn.Parameter(torch.ones(d)))
        self.register_parameter("bias", nn.Parameter(torch.zeros(d)))
        self.eps = eps

    def forward(self, x):
        wide = x.double()
        var, mu = torch.var_mean(wide, dim=-1, correction=0, keepdim=True)
        y = ((wide - mu) * torch.rsqrt(var + self.eps)).to(x.dtype)
        return torch.addcmul(self.bias, y, self.weight)


# %%
# q11
def feed_forward(d, d_ff):
    return nn.Sequential(nn.Linear(d, d_ff), nn.ReLU(), nn.Linear(d_ff, d))


class EncoderLayer(nn.Module):
    def __init__(self, d, heads, d_ff):
        super().__init__()
        self.parts = nn.ModuleDict(
            {"n1": LayerNorm(d), "att": MultiHeadAttention(d, heads), "n2": LayerNorm(d), "ff": feed_forward(d, d_ff)}
        )

    def forward(self, x, mask=None):
        p = self.parts
        x = x + p["att"](p["n1"](x), mask=mask)
        return x + p["ff"](p["n2"](x))


class DecoderLayer(nn.Module):
    def __init__(self, d, heads, d_ff):
        super().__init__()
        self.norms = nn.ModuleList(LayerNorm(d) for _ in range(3))
        self.inner, self.cross = (MultiHeadAttention(d, heads) for _ in range(2))
        self.ff = feed_forward(d, d_ff)

    def forward(self, x, memory, self_mask=None, memory_mask=None):
        subs = (
            lambda y: self.inner(y, mask=self_mask),
            lambda y: self.cross(y, kv=memory, mask=memory_mask),
            self.ff,
        )
        for norm, sub in zip(self.norms, subs):
            x = x + sub(norm(x))
        return x


class Seq2SeqTransformer(nn.Module):
    def __init__(self, v_src, v_tgt, d, heads, layers, d_ff, pad_id, max_len):
        super().__init__()
        self.pad_id, self.scale = pad_id, math.sqrt(d)
        self.src_table = nn.Parameter(torch.randn(v_src, d) / math.sqrt(d))
        self.tgt_table = nn.Parameter(torch.randn(v_tgt, d) / math.sqrt(d))
        self.register_buffer("positions", sinusoidal_pe(max_len, d))
        self.encoder = nn.ModuleList([EncoderLayer(d, heads, d_ff) for _ in range(layers)])
        self.decoder = nn.ModuleList([DecoderLayer(d, heads, d_ff) for _ in range(layers)])
        self.enc_norm, self.dec_norm, self.out = LayerNorm(d), LayerNorm(d), nn.Linear(d, v_tgt)

    def look_up(self, table, ids):
        return F.embedding(ids, table) * self.scale + self.positions[: ids.shape[1]]

    def read(self, src):
        mask = padding_mask(src, self.pad_id)
        x = reduce(lambda y, layer: layer(y, mask), self.encoder, self.look_up(self.src_table, src))
        return self.enc_norm(x), mask

    def write(self, tgt_in, memory, memory_mask):
        causal = causal_mask(tgt_in.shape[1], device=tgt_in.device)
        y = self.look_up(self.tgt_table, tgt_in)
        for layer in self.decoder:
            y = layer(y, memory, self_mask=causal, memory_mask=memory_mask)
        return self.out(self.dec_norm(y))

    def forward(self, src, tgt_in):
        return self.write(tgt_in, *self.read(src))

    @torch.no_grad()
    def greedy_decode(self, src, bos, eos, max_new):
        memory = self.read(src)
        text = src.new_full((len(src), 1), bos)
        over = torch.zeros(len(src), dtype=torch.bool, device=src.device)
        for _ in range(max_new):
            if over.all():
                break
            word = self.write(text, *memory)[:, -1].argmax(-1).to(text.dtype)
            word = word.masked_fill(over, self.pad_id)
            over = over | (word == eos) & ~over
            text = torch.cat([text, word[:, None]], dim=1)
        return text


def shift_right(tgt, bos):
    return F.pad(tgt[:, :-1], (1, 0), value=bos)


# %%
# q12
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    def coin():
        return torch.rand(ids.shape, generator=generator, device=generator.device).to(ids.device)

    special = torch.zeros_like(ids, dtype=torch.bool)
    for s in special_ids:
        special |= ids == s
    chosen = (coin() < p) & ~special
    side = coin()
    words = torch.tensor([w for w in range(vocab_size) if w not in special_ids and w != mask_id], dtype=ids.dtype)
    pick = torch.randint(len(words), ids.shape, generator=generator, device=generator.device).cpu()
    inputs = torch.where(chosen & (side < 0.8), torch.full_like(ids, mask_id), ids)
    inputs = torch.where(chosen & (side >= 0.8) & (side < 0.9), words[pick].to(ids.device), inputs)
    return inputs, torch.where(chosen, ids, torch.full_like(ids, -100))


def nsp_pairs(docs, generator):
    def number(n):
        return int(torch.randint(n, (), generator=generator, device=generator.device))

    def walk():
        for d, doc in enumerate(docs):
            others = [s for e, other in enumerate(docs) if e != d for s in other]
            for a, b in it.pairwise(doc):
                yield (a, b, 1) if number(2) else (a, others[number(len(others))], 0)

    return [(list(a), list(b), label) for a, b, label in walk()]


def mlm_loss(logits, labels):
    total = F.cross_entropy(logits.flatten(0, 1), labels.flatten().long(), ignore_index=-100, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)


def pack_pair(a, b, cls, sep, pad, max_len):
    n, m = len(a), len(b)
    while n + m > max_len - 3:
        n, m = (n - 1, m) if n > m else (n, m - 1)
    ids = [cls, *a[:n], sep, *b[:m], sep]
    empty = max_len - len(ids)
    return {
        "ids": torch.tensor(ids + [pad] * empty),
        "segments": torch.tensor([0] * (n + 2) + [1] * (m + 1) + [0] * empty),
        "mask": torch.arange(max_len) < len(ids),
    }


# %%
# q13
class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.n1, self.n2 = LayerNorm(d), LayerNorm(d)
        self.att = MultiHeadAttention(d, heads)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x, past):
        y, a = self.n1(x), self.att
        q, k, v = (a.heads(f(y)) for f in (a.q_proj, a.k_proj, a.v_proj))
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        seen = causal_mask(k.shape[2], x.device)[-q.shape[2] :]
        x = x + a.o_proj(rearrange(sdpa(q, k, v, seen)[0], "b h t d -> b t (h d)"))
        return x + self.mlp(self.n2(x)), (k, v)


class GPT(nn.Module):
    def __init__(self, vocab, d, heads, layers, max_len):
        super().__init__()
        self.max_len = max_len
        self.words, self.places = nn.Embedding(vocab, d), nn.Embedding(max_len, d)
        self.blocks = nn.ModuleList(Block(d, heads) for _ in range(layers))
        self.last, self.head = LayerNorm(d), nn.Linear(d, vocab)

    def forward(self, ids, pasts=None):
        start = 0 if pasts is None or not pasts else pasts[0][0].shape[2]
        x = self.words(ids) + self.places.weight[start : start + ids.shape[1]]
        fresh = []
        for k, block in enumerate(self.blocks):
            x, kv = block(x, pasts[k] if pasts else None)
            fresh.append(kv)
        logits = self.head(self.last(x))
        return logits if pasts is None else (logits, fresh)


def lm_loss(logits, ids):
    guess, truth = logits[:, :-1], ids[:, 1:].long()
    return (guess.logsumexp(-1) - guess.gather(2, truth[..., None])[..., 0]).mean()


def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        best = F.one_hot(logits.argmax(-1), logits.shape[-1]).bool()
        return torch.zeros_like(logits).masked_fill(~best, -torch.inf)
    log_p = (logits / temperature).log_softmax(-1)
    ordered, places = log_p.sort(dim=-1, descending=True)
    keep = torch.ones_like(ordered, dtype=torch.bool)
    if top_k is not None:
        keep[:, top_k:] = False
    ordered = ordered.masked_fill(~keep, -torch.inf).log_softmax(-1)
    if top_p is not None and top_p < 1:
        p = ordered.double().exp()
        keep &= p.cumsum(-1) - p < top_p
        keep[:, 0] = True
        ordered = ordered.masked_fill(~keep, -torch.inf).log_softmax(-1)
    return torch.empty_like(ordered).scatter(1, places, ordered)


def cached_logits(model):
    """A coroutine: send it the text, it yields the last logits."""
    pasts, n = None, 0
    text = yield
    while True:
        if text.shape[1] > model.max_len:
            logits = model(text[:, -model.max_len :])
        else:
            logits, pasts = model(text[:, n:], pasts or [])
            n = text.shape[1]
        text = yield logits[:, -1]


@torch.no_grad()
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    modes = {m: m.training for m in model.modules()}
    model.eval()
    try:
        if use_cache:
            source = cached_logits(model)
            next(source)
            ask = source.send
        else:

            def ask(text):
                return model(text[:, -model.max_len :])[:, -1]

        text = idx.clone()
        for _ in range(n):
            p = filter_logits(ask(text), temperature=temperature, top_k=top_k, top_p=top_p).exp()
            text = torch.cat([text, torch.multinomial(p, 1, generator=generator).to(text.dtype)], dim=1)
        return text
    finally:
        for m, mode in modes.items():
            m.training = mode


# %%
# q14
from collections.abc import Callable

PAD, BOS, EOS = 0, 1, 2
WORD_TOKENS = 14


def fit(parameters, loss_of, steps, top):
    parameters = list(parameters)
    opt = torch.optim.Adam(parameters, lr=top)
    plan = torch.optim.lr_scheduler.OneCycleLR(opt, top, total_steps=steps)
    for _ in range(steps):
        loss = loss_of()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        opt.step()
        plan.step()


class Memory(nn.Module):
    def __init__(self, H=48):
        super().__init__()
        self.table = nn.Embedding(12, 4 * H)
        self.hh = nn.Parameter(torch.randn(H, 4 * H) / math.sqrt(H))
        bias = torch.zeros(4 * H)
        bias[H : 2 * H] = 4.0
        bias[:H] = -1.0
        self.b = nn.Parameter(bias)
        self.out = nn.Linear(H, 6)
        self.H = H

    def forward(self, x):
        h = c = self.hh.new_zeros(len(x), self.H)
        for e in self.table(x).unbind(1):
            i, f, g, o = (e + h @ self.hh + self.b).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return self.out(h)


def train_recall(x, y, seed):
    torch.manual_seed(seed)
    model = Memory()

    def loss_of():
        k = torch.randint(len(x), (64,))
        return F.cross_entropy(model(x[k]), y[k])

    fit(model.parameters(), loss_of, 350, 0.01)
    return model.eval()


def train_reverse(src, tgt, seed):
    torch.manual_seed(seed)
    model = Seq2SeqTransformer(13, 13, 48, 4, 1, 96, PAD, 10)

    def loss_of():
        k = torch.randint(len(src), (64,))
        return masked_cross_entropy(model(src[k], shift_right(tgt[k], BOS)), tgt[k], PAD)

    fit(model.parameters(), loss_of, 450, 0.004)
    return model.eval()


def train_lm(ids, seed):
    torch.manual_seed(seed)
    model = GPT(8, 32, 4, 2, 25)

    def loss_of():
        text = ids[torch.randint(len(ids) - 25, (32, 1)) + torch.arange(25)]
        return lm_loss(model(text), text)

    fit(model.parameters(), loss_of, 450, 0.006)
    return model.eval()


def train_captioner(X, captions, seed):
    torch.manual_seed(seed)
    eye = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(576, 64),
    )
    table, cell, out = nn.Embedding(WORD_TOKENS, 32), nn.GRUCell(32, 64), nn.Linear(64, WORD_TOKENS)
    all_of_it = nn.ModuleList([eye, table, cell, out])

    def loss_of():
        k = torch.randint(len(X), (64,))
        shift = torch.randint(-2, 3, (2,)).tolist()
        h, loss = eye(X[k].roll(shift, dims=(2, 3))), 0
        words = F.pad(captions[k], (1, 0), value=13)
        for t in range(4):
            h = cell(table(words[:, t]), h)
            loss = loss + F.cross_entropy(out(h), words[:, t + 1]) / 4
        return loss

    fit(all_of_it.parameters(), loss_of, 550, 0.005)
    all_of_it.eval()

    @torch.no_grad()
    def caption(pictures):
        h, word, said = eye(pictures), torch.full((len(pictures),), 13), []
        for _ in range(4):
            h = cell(table(word), h)
            word = out(h).argmax(1)
            said.append(word)
        return torch.stack(said, dim=1)

    return caption
