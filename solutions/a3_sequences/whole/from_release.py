# A complete solution, written from the released notebook alone.

# %%
import math
from collections import Counter

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def as_float(x):
    x = np.asarray(x)
    return x if x.dtype == np.float32 else x.astype(np.float64)


def sigmoid(z):
    z = as_float(z)
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def wide(x):
    return np.asarray(x, dtype=np.float64)


def like(result, x):
    return np.asarray(result).astype(as_float(x).dtype)


# %%
# q1
def build_vocab(tokens, min_freq, specials):
    vocab = {}
    for special in specials:
        vocab.setdefault(special, len(vocab))
    for word, count in sorted(Counter(tokens).items(), key=lambda item: (-item[1], item[0])):
        if count >= min_freq and word not in vocab:
            vocab[word] = len(vocab)
    return vocab


def encode(tokens, vocab, unk="<unk>"):
    return [vocab[token] if token in vocab else vocab[unk] for token in tokens]


def decode(ids, vocab):
    words = {number: word for word, number in vocab.items()}
    return [words[number] for number in ids]


def skipgram_pairs(ids, window):
    pairs = []
    for at, centre in enumerate(ids):
        for other in range(max(0, at - window), min(len(ids), at + window + 1)):
            if other != at:
                pairs.append((centre, ids[other]))
    return pairs


def noise_distribution(counts):
    weights = wide(counts) ** 0.75
    return like(weights / weights.sum(), counts)


def log_sigmoid(x):
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def sgns_loss_grad(vc, uo, un):
    v, o, n = wide(vc), wide(uo), wide(un)
    B = len(v)
    good = (v * o).sum(axis=1)
    bad = np.einsum("bkd,bd->bk", n, v)
    loss = -(log_sigmoid(good).sum() + log_sigmoid(-bad).sum()) / B
    dgood, dbad = -sigmoid(-good) / B, sigmoid(bad) / B
    dv = dgood[:, None] * o + np.einsum("bk,bkd->bd", dbad, n)
    return float(loss), like(dv, vc), like(dgood[:, None] * v, uo), like(dbad[:, :, None] * v[:, None, :], un)


def glove_loss(W, U, b, c, X, xmax=100.0, alpha=0.75):
    X = wide(X)
    i, j = np.nonzero(X > 0)
    x = X[i, j]
    error = (wide(W)[i] * wide(U)[j]).sum(axis=1) + wide(b)[i] + wide(c)[j] - np.log(x)
    return float((np.minimum(1.0, (x / xmax) ** alpha) * error**2).sum())


def fasttext_ngrams(word, nmin, nmax):
    whole = f"<{word}>"
    pieces = [whole]
    for n in range(nmin, nmax + 1):
        pieces += [whole[at : at + n] for at in range(len(whole) - n + 1) if n != len(whole)]
    return pieces


# %%
# q2
SLOPES = {"tanh": (np.tanh, lambda h: 1 - h * h), "sigmoid": (sigmoid, lambda h: h * (1 - h))}


def rnn_forward(x, h0, Wx, Wh, b, act):
    X, state = wide(x), wide(h0)
    states = [state]
    for t in range(X.shape[1]):
        states.append(SLOPES[act][0](X[:, t] @ wide(Wx) + states[-1] @ wide(Wh) + wide(b)))
    h = np.stack(states[1:], axis=1)
    return like(h, x), (X.copy(), np.stack(states, axis=1), wide(Wx).copy(), wide(Wh).copy(), act)


def rnn_backward(dh, cache):
    X, states, Wx, Wh, act = cache
    B, T, _ = X.shape
    up = wide(dh)
    dx, dWx, dWh, db = np.zeros_like(X), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(Wh.shape[0])
    later = np.zeros((B, Wh.shape[0]))
    for t in reversed(range(T)):
        delta = (up[:, t] + later) * SLOPES[act][1](states[:, t + 1])
        dWx += X[:, t].T @ delta
        dWh += states[:, t].T @ delta
        db += delta.sum(axis=0)
        dx[:, t] = delta @ Wx.T
        later = delta @ Wh.T
    found = {"dx": dx, "dh0": later, "dWx": dWx, "dWh": dWh, "db": db}
    return {name: like(value, dh) for name, value in found.items()}


# %%
# q3
def clip_grad_norm(grads, max_norm):
    largest = max((float(np.abs(wide(g)).max()) for g in grads.values() if np.size(g)), default=0.0)
    if largest > 0 and np.isfinite(largest):
        norm = largest * math.sqrt(sum(float(((wide(g) / largest) ** 2).sum()) for g in grads.values()))
    else:
        norm = math.sqrt(sum(float((wide(g) ** 2).sum()) for g in grads.values()))
    if norm > max_norm:
        return {name: like(wide(g) * (max_norm / norm), g) for name, g in grads.items()}, norm
    return {name: as_float(g).copy() for name, g in grads.items()}, norm


def tbptt_grads(x, h0, params, dh, k):
    total = {name: np.zeros(np.shape(params[name[1:]])) for name in ("dWx", "dWh", "db")}
    X, up, state = wide(x), wide(dh), wide(h0)
    for start in range(0, X.shape[1], k):
        chunk = slice(start, start + k)
        h, cache = rnn_forward(X[:, chunk], state, params["Wx"], params["Wh"], params["b"], "tanh")
        part = rnn_backward(up[:, chunk], cache)
        for name in total:
            total[name] += part[name]
        state = h[:, -1]
    return {name: like(value, x) for name, value in total.items()}


def jacobian_norms(h, Wh):
    states, W = wide(h), wide(Wh)
    T, H = states.shape
    product, norms = np.eye(H), np.ones(T)
    for t in reversed(range(T - 1)):
        product = (W * (1 - states[t + 1] ** 2)) @ product
        norms[t] = np.linalg.norm(product, 2)
    return like(norms, h)


# %%
# q4
def lstm_forward(x, h0, c0, Wx, Wh, b):
    X, h, c = wide(x), wide(h0), wide(c0)
    H = h.shape[1]
    hs, cs, gates = [h], [c], []
    for t in range(X.shape[1]):
        z = X[:, t] @ wide(Wx) + h @ wide(Wh) + wide(b)
        i, f, o = sigmoid(z[:, :H]), sigmoid(z[:, H : 2 * H]), sigmoid(z[:, 3 * H :])
        g = np.tanh(z[:, 2 * H : 3 * H])
        c = f * c + i * g
        h = o * np.tanh(c)
        hs.append(h)
        cs.append(c)
        gates.append((i, f, g, o))
    cache = X.copy(), hs, cs, gates, wide(Wx).copy(), wide(Wh).copy()
    return like(np.stack(hs[1:], 1), x), like(np.stack(cs[1:], 1), x), cache


def lstm_backward(dh, dc_last, cache):
    X, hs, cs, gates, Wx, Wh = cache
    up = wide(dh)
    dx, dWx, dWh, db = np.zeros_like(X), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(Wx.shape[1])
    from_h, from_c = np.zeros_like(hs[0]), wide(dc_last)
    for t in reversed(range(X.shape[1])):
        i, f, g, o = gates[t]
        squashed = np.tanh(cs[t + 1])
        hbar = up[:, t] + from_h
        cbar = from_c + hbar * o * (1 - squashed**2)
        dz = np.concatenate(
            [cbar * g * i * (1 - i), cbar * cs[t] * f * (1 - f), cbar * i * (1 - g * g), hbar * squashed * o * (1 - o)],
            axis=1,
        )
        dWx += X[:, t].T @ dz
        dWh += hs[t].T @ dz
        db += dz.sum(axis=0)
        dx[:, t] = dz @ Wx.T
        from_h, from_c = dz @ Wh.T, cbar * f
    found = {"dx": dx, "dh0": from_h, "dc0": from_c, "dWx": dWx, "dWh": dWh, "db": db}
    return {name: like(value, dh) for name, value in found.items()}


def init_lstm_bias(H, forget=1.0):
    b = np.zeros(4 * H)
    b[H : 2 * H] = forget
    return b


# %%
# q5
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    B, T, _ = x.shape
    if lengths is None:
        lengths = torch.full((B,), T, device=x.device)
    lengths = lengths.to(x.device)
    h, outputs = h0, []
    for t in range(T):
        r_in, z_in, n_in = (x[:, t] @ W_ih.T + b_ih).chunk(3, dim=1)
        r_h, z_h, n_h = (h @ W_hh.T + b_hh).chunk(3, dim=1)
        r, z = torch.sigmoid(r_in + r_h), torch.sigmoid(z_in + z_h)
        n = torch.tanh(n_in + r * n_h)
        new = (1 - z) * n + z * h
        there = (t < lengths)[:, None]
        h = torch.where(there, new, h)
        outputs.append(torch.where(there, new, torch.zeros_like(new)))
    return torch.stack(outputs, dim=1), h


def turned(x, lengths):
    T = x.shape[1]
    places = torch.arange(T, device=x.device)[None, :]
    ends = lengths.to(x.device)[:, None]
    index = torch.where(places < ends, ends - 1 - places, places)
    return torch.gather(x, 1, index[:, :, None].expand(-1, -1, x.shape[2]))


def bidirectional(fwd, bwd, x, lengths):
    back = turned(bwd(turned(x, lengths), lengths), lengths)
    both = torch.cat([fwd(x, lengths), back], dim=2)
    valid = torch.arange(x.shape[1], device=x.device)[None, :] < lengths.to(x.device)[:, None]
    return torch.where(valid[:, :, None], both, torch.zeros_like(both))


# %%
# q6
def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    logs = F.log_softmax(logits, dim=-1)
    there = targets != pad_id
    right = logs.gather(-1, targets[..., None].long())[..., 0]
    losses = -(1 - label_smoothing) * right
    if label_smoothing:
        losses = losses - label_smoothing * logs.mean(dim=-1)
    losses = torch.where(there, losses, torch.zeros_like(losses))
    return losses.sum() / there.sum().clamp(min=1)


def perplexity(total_nll, n_tokens):
    return math.exp(total_nll / n_tokens)


def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    alive, finished = [([bos], 0.0)], []
    for _ in range(max_len):
        logs = step([list(prefix) for prefix, _ in alive])
        logs = torch.as_tensor(np.asarray(logs.detach().cpu()) if hasattr(logs, "detach") else np.asarray(logs))
        grown = []
        for (prefix, total), row in zip(alive, logs.tolist()):
            grown += [(prefix + [token], total + log) for token, log in enumerate(row) if log > -math.inf]
        grown.sort(key=lambda each: -each[1])
        grown = grown[:beam]
        if not grown:
            break
        finished += [each for each in grown if each[0][-1] == eos]
        alive = [each for each in grown if each[0][-1] != eos]
        if not alive:
            break

    def score(each):
        return each[1] / max(len(each[0]) - 1, 1) ** alpha

    best = max(finished + alive, key=score)
    return best[0], float(score(best))


# %%
# q7
def attend(scores, K, mask):
    """scores: (B, S)"""
    some = mask.any(dim=1, keepdim=True)
    safe = scores.masked_fill(~mask & some, -math.inf)
    safe = torch.where(some, safe, torch.zeros_like(safe))
    w = torch.softmax(safe, dim=1)
    w = torch.where(mask, w, torch.zeros_like(w))
    return (w[:, :, None] * K).sum(dim=1), w


def additive_attention(q, K, mask, Wq, Wk, v):
    return attend(torch.tanh((q @ Wq)[:, None, :] + K @ Wk) @ v, K, mask)


def multiplicative_attention(q, K, mask, W):
    return attend(torch.einsum("bk,bsk->bs", q @ W, K), K, mask)


# %%
# q8
def sdpa(Q, K, V, mask=None):
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])
    if mask is None:
        attn = torch.softmax(scores, dim=-1)
    else:
        allowed = mask.to(scores.device).expand(torch.broadcast_shapes(mask.shape, scores.shape))
        some = allowed.any(dim=-1, keepdim=True)
        scores = torch.where(allowed, scores, torch.full_like(scores, -math.inf))
        scores = torch.where(some, scores, torch.zeros_like(scores))
        attn = torch.where(allowed, torch.softmax(scores, dim=-1), torch.zeros_like(scores))
    return attn @ V, attn


def causal_mask(T, device=None):
    return torch.ones(T, T, dtype=torch.bool, device=device).tril()


def padding_mask(ids, pad_id):
    return (ids != pad_id)[:, None, None, :]


def combine_masks(*masks):
    whole = None
    for mask in masks:
        if mask is not None:
            whole = mask if whole is None else whole & mask
    return None if whole is None else whole.clone()


# %%
# q9
class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=True):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("the heads do not divide the model")
        self.heads = n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=bias)
        self.k_proj = nn.Linear(d_model, d_model, bias=bias)
        self.v_proj = nn.Linear(d_model, d_model, bias=bias)
        self.o_proj = nn.Linear(d_model, d_model, bias=bias)

    def split(self, x):
        B, T, D = x.shape
        return x.reshape(B, T, self.heads, D // self.heads).transpose(1, 2)

    def forward(self, q, kv=None, mask=None):
        kv = q if kv is None else kv
        if mask is not None and mask.dim() == 3:
            mask = mask[:, None]
        out, _ = sdpa(self.split(self.q_proj(q)), self.split(self.k_proj(kv)), self.split(self.v_proj(kv)), mask)
        return self.o_proj(out.transpose(1, 2).reshape(q.shape))


# %%
# q10
def sinusoidal_pe(T, d, base=10000.0):
    if d % 2:
        raise ValueError("d must be even")
    p = torch.arange(T, dtype=torch.float64)[:, None]
    angle = p / base ** (torch.arange(0, d, 2, dtype=torch.float64) / d)
    return torch.stack([angle.sin(), angle.cos()], dim=2).reshape(T, d).float()


class LayerNorm(nn.Module):
    def __init__(self, d, eps=1e-5):
        super().__init__()
        self.weight, self.bias, self.eps = nn.Parameter(torch.ones(d)), nn.Parameter(torch.zeros(d)), eps

    def forward(self, x):
        centred = x - x.mean(dim=-1, keepdim=True)
        variance = (centred**2).mean(dim=-1, keepdim=True)
        return centred / torch.sqrt(variance + self.eps) * self.weight + self.bias


# %%
# q11
def feed_forward(d, d_ff):
    return nn.Sequential(nn.Linear(d, d_ff), nn.ReLU(), nn.Linear(d_ff, d))


class EncoderLayer(nn.Module):
    def __init__(self, d, heads, d_ff):
        super().__init__()
        self.norm1, self.attention = LayerNorm(d), MultiHeadAttention(d, heads)
        self.norm2, self.ff = LayerNorm(d), feed_forward(d, d_ff)

    def forward(self, x, mask=None):
        x = x + self.attention(self.norm1(x), mask=mask)
        return x + self.ff(self.norm2(x))


class DecoderLayer(nn.Module):
    def __init__(self, d, heads, d_ff):
        super().__init__()
        self.norm1, self.own = LayerNorm(d), MultiHeadAttention(d, heads)
        self.norm2, self.cross = LayerNorm(d), MultiHeadAttention(d, heads)
        self.norm3, self.ff = LayerNorm(d), feed_forward(d, d_ff)

    def forward(self, x, memory, self_mask=None, memory_mask=None):
        x = x + self.own(self.norm1(x), mask=self_mask)
        x = x + self.cross(self.norm2(x), memory, memory_mask)
        return x + self.ff(self.norm3(x))


class Seq2SeqTransformer(nn.Module):
    def __init__(self, v_src, v_tgt, d, heads, layers, d_ff, pad_id, max_len):
        super().__init__()
        self.d, self.pad_id = d, pad_id
        self.src_embedding, self.tgt_embedding = nn.Embedding(v_src, d), nn.Embedding(v_tgt, d)
        for embedding in (self.src_embedding, self.tgt_embedding):
            nn.init.normal_(embedding.weight, std=d**-0.5)
        self.encoder = nn.ModuleList(EncoderLayer(d, heads, d_ff) for _ in range(layers))
        self.decoder = nn.ModuleList(DecoderLayer(d, heads, d_ff) for _ in range(layers))
        self.encoder_norm, self.decoder_norm = LayerNorm(d), LayerNorm(d)
        self.logits = nn.Linear(d, v_tgt)
        self.register_buffer("positions", sinusoidal_pe(max_len, d), persistent=False)

    def embed(self, embedding, ids):
        x = embedding(ids) * math.sqrt(self.d)
        return x + self.positions[: ids.shape[1]].to(x.dtype)

    def remember(self, src):
        mask = padding_mask(src, self.pad_id)
        x = self.embed(self.src_embedding, src)
        for layer in self.encoder:
            x = layer(x, mask)
        return self.encoder_norm(x), mask

    def write(self, memory, mask, tgt_in):
        x = self.embed(self.tgt_embedding, tgt_in)
        seen = causal_mask(tgt_in.shape[1], tgt_in.device)
        for layer in self.decoder:
            x = layer(x, memory, seen, mask)
        return self.logits(self.decoder_norm(x))

    def forward(self, src, tgt_in):
        return self.write(*self.remember(src), tgt_in)

    @torch.no_grad()
    def greedy_decode(self, src, bos, eos, max_new):
        memory, mask = self.remember(src)
        rows = torch.full((len(src), 1), bos, dtype=torch.int64, device=src.device)
        done = torch.zeros(len(src), dtype=torch.bool, device=src.device)
        for _ in range(max_new):
            if done.all():
                break
            token = self.write(memory, mask, rows)[:, -1].argmax(dim=-1)
            token = torch.where(done, torch.full_like(token, self.pad_id), token)
            rows = torch.cat([rows, token[:, None]], dim=1)
            done = done | (token == eos)
        return rows


def shift_right(tgt, bos):
    return torch.cat([torch.full_like(tgt[:, :1], bos), tgt[:, :-1]], dim=1)


# %%
# q12
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    def coins():
        return torch.rand(ids.shape, generator=generator, device=generator.device).to(ids.device)

    special = torch.zeros_like(ids, dtype=torch.bool)
    for token in special_ids:
        special |= ids == token
    selected = (coins() < p) & ~special
    labels = torch.where(selected, ids, torch.full_like(ids, -100))
    fate = coins()
    words = torch.tensor([w for w in range(vocab_size) if w not in special_ids and w != mask_id])
    drawn = torch.randint(len(words), ids.shape, generator=generator, device=generator.device)
    random_words = words.to(ids.device)[drawn.to(ids.device)].to(ids.dtype)
    inputs = torch.where(selected & (fate < 0.8), torch.full_like(ids, mask_id), ids)
    inputs = torch.where(selected & (fate >= 0.8) & (fate < 0.9), random_words, inputs)
    return inputs, labels


def nsp_pairs(docs, generator):
    def draw(n):
        return int(torch.randint(n, (1,), generator=generator, device=generator.device))

    pairs = []
    for number, doc in enumerate(docs):
        others = [sentence for place, other in enumerate(docs) if place != number for sentence in other]
        for a, b in zip(doc, doc[1:]):
            if draw(2):
                pairs.append((list(a), list(b), 1))
            else:
                pairs.append((list(a), list(others[draw(len(others))]), 0))
    return pairs


def mlm_loss(logits, labels):
    asked = labels != -100
    logs = F.log_softmax(logits, dim=-1)
    right = logs.gather(-1, labels.clamp(min=0)[..., None].long())[..., 0]
    losses = torch.where(asked, -right, torch.zeros_like(right))
    return losses.sum() / asked.sum().clamp(min=1)


def pack_pair(a, b, cls, sep, pad, max_len):
    a, b = list(a), list(b)
    while len(a) + len(b) + 3 > max_len:
        (a if len(a) > len(b) else b).pop()
    ids = [cls, *a, sep, *b, sep]
    segments = [0] * (len(a) + 2) + [1] * (len(b) + 1)
    rest = max_len - len(ids)
    return {
        "ids": torch.tensor(ids + [pad] * rest, dtype=torch.int64),
        "segments": torch.tensor(segments + [0] * rest, dtype=torch.int64),
        "mask": torch.tensor([True] * len(ids) + [False] * rest),
    }


# %%
# q13
class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.norm1, self.attention = LayerNorm(d), MultiHeadAttention(d, heads)
        self.norm2 = LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x, past=None):
        """past: keys and values of the positions before, (B, heads, T, dh) each; returns x and both with x's"""
        attention = self.attention
        n = self.norm1(x)
        q, k, v = (attention.split(project(n)) for project in (attention.q_proj, attention.k_proj, attention.v_proj))
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        before = k.shape[2] - q.shape[2]
        mask = causal_mask(k.shape[2], x.device)[before:]
        out, _ = sdpa(q, k, v, mask)
        x = x + attention.o_proj(out.transpose(1, 2).reshape(x.shape))
        return x + self.mlp(self.norm2(x)), (k, v)


class GPT(nn.Module):
    def __init__(self, vocab, d, heads, layers, max_len):
        super().__init__()
        self.max_len = max_len
        self.tokens, self.positions = nn.Embedding(vocab, d), nn.Embedding(max_len, d)
        nn.init.normal_(self.tokens.weight, std=0.1)
        nn.init.normal_(self.positions.weight, std=0.1)
        self.blocks = nn.ModuleList(Block(d, heads) for _ in range(layers))
        self.norm, self.head = LayerNorm(d), nn.Linear(d, vocab)

    def with_past(self, ids, past=None):
        start = 0 if past is None else past[0][0].shape[2]
        places = torch.arange(start, start + ids.shape[1], device=ids.device)
        x = self.tokens(ids) + self.positions(places)
        new = []
        for number, block in enumerate(self.blocks):
            x, kept = block(x, None if past is None else past[number])
            new.append(kept)
        return self.head(self.norm(x)), new

    def forward(self, ids):
        return self.with_past(ids)[0]


def lm_loss(logits, ids):
    logs = F.log_softmax(logits[:, :-1], dim=-1)
    return -logs.gather(-1, ids[:, 1:, None].long()).mean()


def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        out = torch.full_like(logits, -math.inf)
        return out.scatter(-1, logits.argmax(dim=-1, keepdim=True), 0.0)
    logs = torch.log_softmax(logits / temperature, dim=-1)
    if top_k is not None and top_k < logs.shape[-1]:
        best = logs.topk(top_k, dim=-1).indices
        kept = torch.zeros_like(logs, dtype=torch.bool).scatter(-1, best, True)
        logs = torch.log_softmax(logs.masked_fill(~kept, -math.inf), dim=-1)
    if top_p is not None:
        ordered, places = logs.sort(dim=-1, descending=True)
        mass = ordered.exp()
        before = mass.cumsum(dim=-1) - mass
        keep = before < top_p
        keep[..., 0] = True
        kept = torch.zeros_like(keep).scatter(-1, places, keep)
        logs = torch.log_softmax(logs.masked_fill(~kept, -math.inf), dim=-1)
    return logs


@torch.no_grad()
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    was_training = model.training
    model.eval()
    try:
        past = None
        for _ in range(n):
            seen = idx[:, -model.max_len :]
            if use_cache and idx.shape[1] <= model.max_len:
                logits, past = model.with_past(seen if past is None else seen[:, -1:], past)
            else:
                logits = model(seen)
            probabilities = filter_logits(logits[:, -1], temperature, top_k, top_p).exp()
            drawn = torch.multinomial(probabilities.to(generator.device), 1, generator=generator)
            idx = torch.cat([idx, drawn.to(idx.device).to(idx.dtype)], dim=1)
    finally:
        model.train(was_training)
    return idx


# %%
# q14
PAD, BOS, EOS = 0, 1, 2
WORD_TOKENS = 14


def descend(net, loss_of, steps, rate, clip=1.0):
    optimiser = torch.optim.Adam(net.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    net.train()
    for _ in range(steps):
        loss = loss_of()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), clip)
        optimiser.step()
        schedule.step()
    return net.eval()


class Recaller(nn.Module):
    def __init__(self, H=48):
        super().__init__()
        self.embedding = nn.Embedding(12, 16)
        self.inner, self.outer = nn.Linear(16, 4 * H), nn.Linear(H, 4 * H, bias=False)
        self.head = nn.Linear(H, 6)
        with torch.no_grad():
            self.inner.bias.zero_()
            self.inner.bias[H : 2 * H] = 3.0

    def forward(self, x):
        steps = self.inner(self.embedding(x))
        h = c = steps.new_zeros(len(x), self.outer.in_features)
        for t in range(x.shape[1]):
            i, f, g, o = (steps[:, t] + self.outer(h)).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return self.head(h)


def train_recall(x, y, seed):
    torch.manual_seed(seed)
    net = Recaller().to(x.device)

    def loss():
        rows = torch.randint(len(x), (128,), device=x.device)
        return F.cross_entropy(net(x[rows]), y[rows])

    return descend(net, loss, 700, 0.01)


def train_reverse(src, tgt, seed):
    torch.manual_seed(seed)
    net = Seq2SeqTransformer(13, 13, 64, 4, 2, 128, PAD, 16).to(src.device)

    def loss():
        rows = torch.randint(len(src), (128,), device=src.device)
        return masked_cross_entropy(net(src[rows], shift_right(tgt[rows], BOS)), tgt[rows], PAD)

    return descend(net, loss, 800, 0.003)


def train_lm(ids, seed):
    torch.manual_seed(seed)
    net = GPT(8, 64, 4, 2, 24).to(ids.device)

    def loss():
        starts = torch.randint(len(ids) - 24, (64,), device=ids.device)
        rows = ids[starts[:, None] + torch.arange(24, device=ids.device)]
        return lm_loss(net(rows), rows)

    return descend(net, loss, 700, 0.003)


class Captioner(nn.Module):
    def __init__(self, H=96):
        super().__init__()
        self.eye = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.BatchNorm2d(64),
            nn.ReLU(),
        )
        self.start = nn.Linear(64, 2 * H)
        self.words = nn.Embedding(WORD_TOKENS, 24)
        self.cell = nn.LSTMCell(24, H)
        self.head = nn.Linear(H, WORD_TOKENS)

    def look(self, X):
        h, c = self.start(self.eye(X).amax(dim=(2, 3))).chunk(2, dim=1)
        return torch.tanh(h), c

    def forward(self, X, captions):
        state, logits = self.look(X), []
        read = torch.cat([torch.full_like(captions[:, :1], WORD_TOKENS - 1), captions[:, :-1]], dim=1)
        for t in range(captions.shape[1]):
            state = self.cell(self.words(read[:, t]), state)
            logits.append(self.head(state[0]))
        return torch.stack(logits, dim=1)

    @torch.no_grad()
    def write(self, X):
        state = self.look(X)
        word = torch.full((len(X),), WORD_TOKENS - 1, device=X.device)
        said = []
        for _ in range(4):
            state = self.cell(self.words(word), state)
            word = self.head(state[0]).argmax(dim=1)
            said.append(word)
        return torch.stack(said, dim=1)


def train_captioner(X, captions, seed):
    torch.manual_seed(seed)
    net = Captioner().to(X.device)

    def loss():
        rows = torch.randint(len(X), (64,), device=X.device)
        return F.cross_entropy(net(X[rows], captions[rows]).transpose(1, 2), captions[rows])

    descend(net, loss, 700, 0.005)
    return net.write
