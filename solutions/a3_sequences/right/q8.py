"""Right solutions of question 8 that look different from the reference."""


# %% query_by_query | why: Python loops, keys taken out by indexing, results written into fresh tensors
def sdpa(Q, K, V, mask=None):
    *lead, Tq, d = Q.shape
    Tk = K.shape[-2]
    mask = torch.ones(Tq, Tk, dtype=torch.bool, device=Q.device) if mask is None else mask
    mask = mask.broadcast_to(*lead, Tq, Tk).reshape(-1, Tq, Tk)
    out, attn = [], []
    for q, k, v, m in zip(
        Q.reshape(-1, Tq, d), K.reshape(-1, Tk, d), V.reshape(-1, Tk, V.shape[-1]), mask, strict=True
    ):
        for t in range(Tq):
            seen = [s for s in range(Tk) if m[t, s]]
            weights = torch.zeros(Tk, dtype=Q.dtype, device=Q.device)
            if seen:
                weights = weights.index_add(
                    0, torch.tensor(seen, device=Q.device), torch.softmax(k[seen] @ q[t] / d**0.5, 0)
                )
            attn.append(weights)
            out.append(weights @ v)
    return torch.stack(out).reshape(*lead, Tq, V.shape[-1]), torch.stack(attn).reshape(*lead, Tq, Tk)


def causal_mask(T, device=None):
    t = torch.arange(T, device=device)
    return t[None, :] <= t[:, None]


def padding_mask(ids, pad_id):
    B, T = ids.shape
    return torch.ne(ids, pad_id).view(B, 1, 1, T)


def combine_masks(*masks):
    present = torch.broadcast_tensors(*[m for m in masks if m is not None])
    return torch.stack(present).all(dim=0) if present else None


# %% einsum_and_exponentials | why: the softmax written out, in float32 at least, forbidden keys with exponential 0
import functools


def sdpa(Q, K, V, mask=None):
    wide = torch.promote_types(Q.dtype, torch.float32)
    scores = torch.einsum("...qd,...kd->...qk", Q.to(wide), K.to(wide)) * Q.shape[-1] ** -0.5
    if mask is None:
        mask = torch.ones((), dtype=torch.bool, device=Q.device)
    low = torch.finfo(wide).min
    top = torch.where(mask, scores, low).amax(-1, keepdim=True).detach()
    exponentials = torch.where(mask, torch.exp(torch.where(mask, scores - top, 0)), 0)
    total = exponentials.sum(-1, keepdim=True)
    attn = exponentials / torch.where(total == 0, torch.ones_like(total), total)
    return torch.einsum("...qk,...kd->...qd", attn, V.to(wide)).to(Q.dtype), attn.to(Q.dtype)


def causal_mask(T, device=None):
    rows = [[key <= query for key in range(T)] for query in range(T)]
    return torch.tensor(rows, device=device)


def combine_masks(*masks):
    return functools.reduce(lambda a, b: b if a is None else a if b is None else torch.logical_and(a, b), masks, None)


# %% lowest_number_then_zero | why: the lowest finite number of the dtype before the softmax, forbidden weights set to 0 after it
def sdpa(Q, K, V, mask=None):
    scores = torch.matmul(Q * (1 / math.sqrt(Q.size(-1))), K.mT)
    if mask is not None:
        scores = torch.where(mask, scores, torch.finfo(scores.dtype).min)
    attn = F.softmax(scores, dim=-1)
    if mask is not None:
        attn = torch.where(mask, attn, torch.zeros_like(attn))
    return torch.matmul(attn, V), attn


def causal_mask(T, device=None):
    return ~torch.triu(torch.ones((T, T), device=device), diagonal=1).bool()


def padding_mask(ids, pad_id):
    return ~(ids == pad_id).unsqueeze(1).unsqueeze(1)


# %% nan_to_zero | why: nan of an empty row replaced afterwards; where -inf was written into the scores no gradient passes
def sdpa(Q, K, V, mask=None):
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])
    attn = (scores if mask is None else scores.masked_fill(~mask, float("-inf"))).softmax(-1).nan_to_num(0.0)
    return attn @ V, attn


# %% scaled_keys | why: keys scaled before the product, -inf and nan_to_num, masks by comparison and reduce
import functools


def sdpa(Q, K, V, mask=None):
    scores = torch.einsum("...qd,...kd->...qk", Q, K / math.sqrt(K.shape[-1]))
    if mask is None:
        attn = scores.softmax(-1)
        return attn @ V, attn
    mask = mask.expand(torch.broadcast_shapes(mask.shape, scores.shape))
    some = mask.any(dim=-1, keepdim=True)
    scores = scores.masked_fill(~mask & some, -torch.inf)
    attn = scores.softmax(-1) * some
    return attn @ V, attn


def causal_mask(T, device=None):
    steps = torch.arange(T, device=device)
    return steps[None, :] <= steps[:, None]


def padding_mask(ids, pad_id):
    return ids.ne(pad_id)[:, None, None]


def combine_masks(*masks):
    given = [mask for mask in masks if mask is not None]
    return functools.reduce(torch.logical_and, given) if given else None
