"""Right solutions of question 11 that look different from the reference."""


# %% one_layer_class_for_both | why: packed projections in one linear map, nn.LayerNorm, positions made on the way, each row decoded alone
class _Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.packed, self.mix = nn.Linear(d, 3 * d), nn.Linear(d, d)

    def forward(self, x, memory=None, mask=None):
        memory = x if memory is None else memory
        d = x.shape[-1]
        Q = F.linear(x, self.packed.weight[:d], self.packed.bias[:d])
        K, V = F.linear(memory, self.packed.weight[d:], self.packed.bias[d:]).chunk(2, dim=-1)
        Q, K, V = (y.view(*y.shape[:2], self.heads, -1).transpose(1, 2) for y in (Q, K, V))
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        return self.mix(sdpa(Q, K, V, mask)[0].transpose(1, 2).reshape(x.shape))


class _Layer(nn.Module):
    def __init__(self, d, heads, d_ff, attentions):
        super().__init__()
        self.attentions = nn.ModuleList(_Attention(d, heads) for _ in range(attentions))
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(attentions + 1))
        self.wide, self.narrow = nn.Linear(d, d_ff), nn.Linear(d_ff, d)

    def feed(self, x):
        return x + self.narrow(F.relu(self.wide(self.norms[-1](x))))


class EncoderLayer(_Layer):
    def __init__(self, d, heads, d_ff):
        super().__init__(d, heads, d_ff, 1)

    def forward(self, x, mask=None):
        return self.feed(x + self.attentions[0](self.norms[0](x), None, mask))


class DecoderLayer(_Layer):
    def __init__(self, d, heads, d_ff):
        super().__init__(d, heads, d_ff, 2)

    def forward(self, x, memory, self_mask=None, memory_mask=None):
        x = x + self.attentions[0](self.norms[0](x), None, self_mask)
        return self.feed(x + self.attentions[1](self.norms[1](x), memory, memory_mask))


class Seq2SeqTransformer(nn.Module):
    def __init__(self, v_src, v_tgt, d, heads, layers, d_ff, pad_id, max_len):
        super().__init__()
        self.d, self.pad_id = d, pad_id
        self.source = nn.Parameter(torch.randn(v_src, d) * d**-0.5)
        self.target = nn.Embedding(v_tgt, d, padding_idx=pad_id)
        self.encoders = nn.Sequential(*[EncoderLayer(d, heads, d_ff) for _ in range(layers)])
        self.decoders = nn.Sequential(*[DecoderLayer(d, heads, d_ff) for _ in range(layers)])
        self.last = nn.ModuleDict({"memory": nn.LayerNorm(d), "target": nn.LayerNorm(d)})
        self.logits = nn.Linear(d, v_tgt)

    def forward(self, src, tgt_in):
        seen = padding_mask(src, self.pad_id)
        x = self.source[src] * self.d**0.5
        x = x + sinusoidal_pe(src.shape[1], self.d).to(x)
        for layer in self.encoders:
            x = layer(x, seen)
        memory = self.last["memory"](x)
        y = self.target(tgt_in) * self.d**0.5
        y = y + sinusoidal_pe(tgt_in.shape[1], self.d).to(y)
        past = causal_mask(tgt_in.shape[1], tgt_in.device)
        for layer in self.decoders:
            y = layer(y, memory, past, seen)
        return self.logits(self.last["target"](y))

    @torch.no_grad()
    def greedy_decode(self, src, bos, eos, max_new):
        out = torch.full((src.shape[0], max_new + 1), self.pad_id, dtype=torch.int64, device=src.device)
        for b in range(src.shape[0]):
            out[b, 0] = bos
            for t in range(max_new):
                out[b, t + 1] = self.forward(src[b : b + 1], out[b : b + 1, : t + 1])[0, t].argmax()
                if out[b, t + 1] == eos:
                    break
        return out


def shift_right(tgt, bos):
    moved = torch.roll(tgt, 1, dims=1)
    moved[:, 0] = bos
    return moved


# %% queries_of_padding_masked | why: queries of padding in the source are masked, too; whole batch decoded with frozen rows removed
class Seq2SeqTransformer(_right["Seq2SeqTransformer"]):
    def __init__(self, v_src, v_tgt, d, heads, layers, d_ff, pad_id, max_len):
        super().__init__(v_src, v_tgt, d, heads, layers, d_ff, pad_id, max_len)
        self.register_buffer("past", torch.ones(max_len, max_len, dtype=torch.bool).tril(), persistent=False)

    def forward(self, src, tgt_in):
        valid = (src != self.pad_id)[:, None, :]  # (B, 1, S)
        memory = self.src_embedding(src) * self.scale + self.positions[: src.shape[1]]
        for layer in self.encoder:
            memory = layer(memory, valid & valid.transpose(1, 2))
        memory = self.encoder_norm(memory)
        T = tgt_in.shape[1]
        y = self.tgt_embedding(tgt_in) * self.scale + self.positions[:T]
        self_mask = self.past[:T, :T]
        for layer in self.decoder:
            y = layer(y, memory, self_mask, valid.expand(-1, T, -1))
        return self.out(self.decoder_norm(y))

    def greedy_decode(self, src, bos, eos, max_new):
        rows = [[bos] for _ in src]
        open_rows = list(range(len(rows)))
        with torch.inference_mode():
            while open_rows and len(rows[open_rows[0]]) <= max_new:
                prefixes = torch.tensor([rows[b] for b in open_rows], device=src.device)
                tokens = self(src[open_rows], prefixes)[:, -1].argmax(-1).tolist()
                for b, token in zip(open_rows, tokens, strict=True):
                    rows[b].append(token)
                open_rows = [b for b in open_rows if rows[b][-1] != eos]
        longest = max(len(row) for row in rows)
        return torch.tensor([row + [self.pad_id] * (longest - len(row)) for row in rows], device=src.device)


def shift_right(tgt, bos):
    return F.pad(tgt[:, :-1], (1, 0), value=bos)


# %% fused_projections | why: one linear map for queries, keys and values, norms in lists, own names, decoding into a full table
class _Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads, self.into, self.out = heads, nn.Linear(d, 3 * d), nn.Linear(d, d)

    def forward(self, x, other, mask):
        d = x.shape[-1]
        W, b = self.into.weight, self.into.bias
        q = F.linear(x, W[:d], b[:d])
        k, v = F.linear(other, W[d:], b[d:]).chunk(2, dim=-1)
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in (q, k, v))
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        return self.out(sdpa(q, k, v, mask)[0].transpose(1, 2).flatten(2))


def _feed_forward(d, d_ff):
    return nn.Sequential(nn.Linear(d, d_ff), nn.ReLU(), nn.Linear(d_ff, d))


class EncoderLayer(nn.Module):
    def __init__(self, d, heads, d_ff):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(2))
        self.look, self.think = _Attention(d, heads), _feed_forward(d, d_ff)

    def forward(self, x, mask=None):
        y = self.norms[0](x)
        x = x + self.look(y, y, mask)
        return x + self.think(self.norms[1](x))


class DecoderLayer(nn.Module):
    def __init__(self, d, heads, d_ff):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(3))
        self.back, self.across, self.think = _Attention(d, heads), _Attention(d, heads), _feed_forward(d, d_ff)

    def forward(self, x, memory, self_mask=None, memory_mask=None):
        y = self.norms[0](x)
        x = x + self.back(y, y, self_mask)
        x = x + self.across(self.norms[1](x), memory, memory_mask)
        return x + self.think(self.norms[2](x))


class Seq2SeqTransformer(nn.Module):
    def __init__(self, v_src, v_tgt, d, heads, layers, d_ff, pad_id, max_len):
        super().__init__()
        self.pad_id = pad_id
        self.words = nn.ModuleDict({"src": nn.Embedding(v_src, d), "tgt": nn.Embedding(v_tgt, d)})
        for table in self.words.values():
            nn.init.normal_(table.weight, std=d**-0.5)
        self.register_buffer("places", sinusoidal_pe(max_len, d), persistent=False)
        self.encoder = nn.ModuleList([EncoderLayer(d, heads, d_ff) for _ in range(layers)])
        self.decoder = nn.ModuleList([DecoderLayer(d, heads, d_ff) for _ in range(layers)])
        self.ends = nn.ModuleList([nn.LayerNorm(d), nn.LayerNorm(d)])
        self.logits = nn.Linear(d, v_tgt)

    def _embed(self, which, ids):
        table = self.words[which]
        return table(ids) * table.embedding_dim**0.5 + self.places[: ids.shape[1]].to(table.weight.dtype)

    def forward(self, src, tgt_in):
        valid = padding_mask(src, self.pad_id)
        x = self._embed("src", src)
        for layer in self.encoder:
            x = layer(x, valid)
        memory, y = self.ends[0](x), self._embed("tgt", tgt_in)
        causal = causal_mask(tgt_in.shape[1], tgt_in.device)
        for layer in self.decoder:
            y = layer(y, memory, causal, valid)
        return self.logits(self.ends[1](y))

    @torch.no_grad()
    def greedy_decode(self, src, bos, eos, max_new):
        table = torch.full((len(src), max_new + 1), self.pad_id, dtype=torch.long, device=src.device)
        table[:, 0] = bos
        going = torch.ones(len(src), dtype=torch.bool, device=src.device)
        for n in range(1, max_new + 1):
            if not going.any():
                return table[:, :n]
            best = self(src, table[:, :n])[:, -1].max(dim=-1).indices
            table[going, n] = best[going]
            going = going & (best != eos)
        return table


def shift_right(tgt, bos):
    return F.pad(tgt[:, :-1], (1, 0), value=bos)
