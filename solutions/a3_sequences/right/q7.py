"""Right solutions of question 7 that look different from the reference."""


# %% einsum_and_exponentials | why: scores by einsum, the softmax written out with masked exponentials
def _mean(K, scores, mask):
    top = torch.where(mask, scores, torch.finfo(scores.dtype).min).amax(dim=1, keepdim=True).detach()
    exponentials = torch.where(mask, torch.exp(torch.where(mask, scores - top, 0.0)), 0.0)
    total = exponentials.sum(dim=1, keepdim=True)
    w = exponentials / torch.where(total > 0, total, torch.ones_like(total))
    return torch.einsum("bs,bsd->bd", w, K), w


def additive_attention(q, K, mask, Wq, Wk, v):
    hidden = (torch.einsum("bd,da->ba", q, Wq).unsqueeze(1) + torch.einsum("bsd,da->bsa", K, Wk)).tanh()
    return _mean(K, torch.einsum("bsa,a->bs", hidden, v), mask)


def multiplicative_attention(q, K, mask, W):
    return _mean(K, torch.einsum("bi,ij,bsj->bs", q, W, K), mask)


# %% sample_by_sample | why: loops over samples and keys, the valid ones taken out by indexing
def _one(keys, scores, valid):
    w = torch.zeros(len(keys), dtype=keys.dtype, device=keys.device)
    seen = [s for s in range(len(keys)) if valid[s]]
    if seen:
        w = w.index_add(
            0, torch.tensor(seen, device=keys.device), torch.softmax(torch.stack([scores[s] for s in seen]), 0)
        )
    return w @ keys, w


def _together(pairs):
    contexts, ws = zip(*pairs, strict=True)
    return torch.stack(contexts), torch.stack(ws)


def additive_attention(q, K, mask, Wq, Wk, v):
    scores = [[torch.dot(v, torch.tanh(x @ Wq + k @ Wk)) for k in keys] for x, keys in zip(q, K, strict=True)]
    return _together([_one(keys, row, valid) for keys, row, valid in zip(K, scores, mask, strict=True)])


def multiplicative_attention(q, K, mask, W):
    scores = [[torch.dot(x, W @ k) for k in keys] for x, keys in zip(q, K, strict=True)]
    return _together([_one(keys, row, valid) for keys, row, valid in zip(K, scores, mask, strict=True)])


# %% by_lists | why: one concatenated projection, bmm, the lowest number of the dtype and zeros after the softmax
def _attend(K, scores, mask):
    w = F.softmax(torch.where(mask, scores, torch.full_like(scores, torch.finfo(scores.dtype).min)), dim=-1)
    w = torch.where(mask, w, torch.zeros_like(w))
    return [torch.bmm(w.unsqueeze(1), K).squeeze(1), w]


def additive_attention(q, K, mask, Wq, Wk, v):
    S = K.shape[1]
    both = torch.cat([q.unsqueeze(1).expand(-1, S, -1), K], dim=2)
    hidden = torch.tanh(both @ torch.cat([Wq, Wk], dim=0))
    return _attend(K, torch.matmul(hidden, v.unsqueeze(1)).squeeze(2), mask)


def multiplicative_attention(q, K, mask, W):
    return _attend(K, torch.bmm(K @ W.t(), q.unsqueeze(2)).squeeze(2), mask)


# %% one_softmax_for_both | why: scores by einsum and by bilinear maps, exp of what is left after the largest permitted score
def _attend(scores, K, mask):
    low = torch.finfo(scores.dtype).min
    top = scores.masked_fill(~mask, low).amax(dim=1, keepdim=True).detach()
    e = torch.where(
        mask, torch.exp(torch.where(mask, scores - top, torch.zeros_like(scores))), torch.zeros_like(scores)
    )
    total = e.sum(dim=1, keepdim=True)
    w = e / torch.where(total > 0, total, torch.ones_like(total))
    return torch.bmm(w[:, None], K)[:, 0], w


def additive_attention(q, K, mask, Wq, Wk, v):
    hidden = torch.tanh((q @ Wq).unsqueeze(1) + torch.einsum("bsk,ka->bsa", K, Wk))
    return _attend(hidden @ v, K, mask)


def multiplicative_attention(q, K, mask, W):
    return _attend(torch.einsum("bq,qk,bsk->bs", q, W, K), K, mask)
