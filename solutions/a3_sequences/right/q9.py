"""Right solutions of question 9 that look different from the reference."""


# %% head_by_head | why: a loop over the heads, slices of what the projections give, results side by side
class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=True):
        super().__init__()
        self.d_head, rest = divmod(d_model, n_heads)
        if rest:
            raise ValueError("the heads do not divide the width")
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            setattr(self, name, nn.Linear(d_model, d_model, bias=bias))

    def forward(self, q, kv=None, mask=None):
        if kv is None:
            kv = q
        Q, K, V = self.q_proj(q), self.k_proj(kv), self.v_proj(kv)
        heads = []
        for h, first in enumerate(range(0, Q.shape[-1], self.d_head)):
            columns = slice(first, first + self.d_head)
            allowed = mask
            if mask is not None and mask.ndim == 4:
                allowed = mask[:, min(h, mask.shape[1] - 1)]
            heads.append(sdpa(Q[..., columns], K[..., columns], V[..., columns], allowed)[0])
        return self.o_proj(torch.cat(heads, dim=-1))


# %% einsum_over_heads | why: weights reshaped to (H, dh, D), einsum everywhere, the softmax written out, heads summed by o_proj
class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=True):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError(f"{d_model} / {n_heads}")
        self.h, self.dh = n_heads, d_model // n_heads
        self.o_proj, self.v_proj, self.k_proj, self.q_proj = [nn.Linear(d_model, d_model, bias) for _ in "ovkq"]
        self.dropout = nn.Dropout(0.0)

    def heads(self, layer, x):
        y = torch.einsum("btd,hed->bhte", x, layer.weight.view(self.h, self.dh, -1))
        return y if layer.bias is None else y + layer.bias.view(self.h, 1, self.dh)

    def forward(self, q, kv=None, mask=None):
        kv = kv if kv is not None else q
        Q, K, V = self.heads(self.q_proj, q), self.heads(self.k_proj, kv), self.heads(self.v_proj, kv)
        scores = torch.einsum("bhqe,bhke->bhqk", Q, K) / self.dh**0.5
        if mask is not None:
            if mask.dim() == 2:
                mask = mask[None, None]
            elif mask.dim() == 3:
                mask = mask.unsqueeze(1)
            lowest = torch.finfo(scores.dtype).min
            attn = torch.where(mask, scores, lowest).softmax(-1) * mask
        else:
            attn = scores.softmax(-1)
        mixed = torch.einsum("bhqk,bhke->bqhe", self.dropout(attn), V)
        W = self.o_proj.weight.view(-1, self.h, self.dh)
        out = torch.einsum("bqhe,dhe->bqd", mixed, W)
        return out if self.o_proj.bias is None else out + self.o_proj.bias


# %% heads_in_the_batch | why: heads folded into the batch axis as in old implementations, masks expanded to all of them
class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=True):
        if d_model % n_heads:
            raise ValueError("d_model must be a multiple of n_heads")
        super().__init__()
        self.n_heads = n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias)
        self.k_proj = nn.Linear(d_model, d_model, bias)
        self.v_proj = nn.Linear(d_model, d_model, bias)
        self.o_proj = nn.Linear(d_model, d_model, bias)

    def forward(self, q, kv=None, mask=None):
        kv = q if kv is None else kv
        B, Tq, D = q.size()
        Tk, H = kv.size(1), self.n_heads

        def fold(x):
            return torch.cat(torch.stack(x.chunk(H, dim=2), dim=1).unbind(0))  # (B * H, T, dh)

        if mask is not None:
            while mask.dim() < 4:
                mask = mask.unsqueeze(-3)
            mask = mask.expand(B, H, Tq, Tk).reshape(B * H, Tq, Tk)
        out, _ = sdpa(fold(self.q_proj(q)), fold(self.k_proj(kv)), fold(self.v_proj(kv)), mask)
        return self.o_proj(out.view(B, H, Tq, -1).permute(0, 2, 1, 3).contiguous().view(B, Tq, D))


# %% masks_by_head | why: a loop over heads with slices of the projections, one mask for each head, results laid side by side by cat
class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads, bias=True):
        super().__init__()
        self.width, rest = divmod(d_model, n_heads)
        if rest:
            raise ValueError(f"{d_model} features cannot be shared by {n_heads} heads")
        self.n_heads = n_heads
        for name in "qkvo":
            self.add_module(f"{name}_proj", nn.Linear(d_model, d_model, bias=bias))

    def forward(self, q, kv=None, mask=None):
        kv = q if kv is None else kv
        if mask is not None:
            shape = (q.shape[0], self.n_heads, q.shape[1], kv.shape[1])
            mask = (mask if mask.dim() != 3 else mask[:, None]).broadcast_to(shape)
        parts = []
        for head, (Q, K, V) in enumerate(
            zip(
                *(p(x).split(self.width, dim=-1) for p, x in ((self.q_proj, q), (self.k_proj, kv), (self.v_proj, kv))),
                strict=False,
            )
        ):
            parts.append(sdpa(Q, K, V, None if mask is None else mask[:, head])[0])
        return self.o_proj(torch.cat(parts, dim=-1))
