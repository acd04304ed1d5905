# %% [raw]
# # BEGIN QUESTION
# name: q11
# points: 0

# %% [markdown]
# ## q11. The encoder-decoder transformer (9 points)
#
# Now the pieces become a machine that turns one sequence into another. The **encoder** reads the whole source; every token may look at every
# other. The **decoder** writes the target, a token at a time: each position looks back at what was written (causal
# self-attention) and across at the encoder's output, the *memory* (cross-attention). In training all positions are computed
# at once: the input is the target moved one to the right, behind `bos`, and the causal mask keeps every position from seeing what
# it is to predict.
#
# A layer is a chain of sublayers with **pre-norm** residual connections, $x \leftarrow x + f(\mathrm{LN}(x))$:
#
# | layer | sublayers $f$, in this order |
# |---|---|
# | `EncoderLayer(d, heads, d_ff)` | self-attention; feed-forward |
# | `DecoderLayer(d, heads, d_ff)` | causal self-attention; cross-attention to the memory; feed-forward |
#
# Feed-forward is $W_2\,\mathrm{ReLU}(W_1 x + b_1) + b_2$ with $W_1$ of shape $(d_{ff}, d)$. Each sublayer has a layer norm of its own; the memory itself
# is not normalised again in the decoder layer. There is no dropout.
#
# The whole: token embeddings $\cdot \sqrt d$ + sinusoidal positions → `layers` encoder layers → layer norm = memory; the same for the target with decoder layers
# → layer norm → linear map to `v_tgt` logits. Source padding is masked wherever source tokens are keys: in the encoder and in
# cross-attention. `pad_id` is about the source alone: the self-attention of the target is causal and nothing else, since padding
# behind a target is later than all of its tokens. A layer makes no mask of its own: it gets its masks from the whole model, and None masks nothing.
#
# | | arguments | returns |
# |---|---|---|
# | `EncoderLayer.forward` | `x (B, S, d)`, `mask` as in q9 or None | `(B, S, d)` |
# | `DecoderLayer.forward` | `x (B, T, d)`, `memory (B, S, d)`, `self_mask` and `memory_mask`, each as in q9 or None | `(B, T, d)` |
# | `Seq2SeqTransformer.forward` | `src (B, S)`, `tgt_in (B, T)` integers, S and T up to `max_len` | logits `(B, T, v_tgt)` |
# | `greedy_decode` | `src (B, S)`, `bos`, `eos`, `max_new` | `(B, n)` integers, n at most `max_new + 1`; columns of padding at the end are free |
# | `shift_right` | `tgt (B, T)`, `bos` | `(B, T)`: `bos`, then all but the last |
#
# `greedy_decode` begins each row with `bos` and appends the likeliest token of `forward` on what the row holds so far. A row that has written its
# `eos` is finished: from there on it holds `pad_id` (a token of both vocabularies, neither `bos` nor `eos`), and the others go on, until all are finished or `max_new` (at most `max_len`) tokens are written.
#
# Ruled out: `F.scaled_dot_product_attention`, `F.multi_head_attention_forward`, `nn.MultiheadAttention`, `nn.Transformer`,
# `nn.TransformerEncoder`, `nn.TransformerEncoderLayer`, `nn.TransformerDecoder` and `nn.TransformerDecoderLayer`.
#
# **The number of parameters** says a lot about what is shared. All linear maps have biases, the two embeddings and the output map share nothing, every layer
# is a layer of its own, and positions are no parameters. With $m = 4d^2 + 4d$ for an attention, $f = 2\,d\,d_{ff} + d_{ff} + d$ and $n = 2d$ for a norm:
#
# $$\underbrace{(v_{src} + v_{tgt})\,d}_{\text{embeddings}} + L\,\underbrace{(m + f + 2n)}_{\text{encoder layer}} + L\,\underbrace{(2m + f + 3n)}_{\text{decoder layer}} + \underbrace{2n}_{\text{last norms}} + \underbrace{v_{tgt}\,(d + 1)}_{\text{logits}}$$
#
# **On paper.** $v_{src} = 5$, $v_{tgt} = 6$, $d = 4$, $d_{ff} = 8$, one layer each: $m = 80$, $f = 76$, $n = 8$; $44 + 172 + 260 + 16 + 30 = 522$.
#
# **What usually goes wrong**
# - Pre-norm or post-norm: add 100 to every feature of `x`. What must come out of a whole layer?
# - A model without the causal mask trains wonderfully. What will it do when it has to write?
# - A model without the source mask trains wonderfully too. What changes if the same sentence lies in a batch with a longer one?
# - Of the masks in the decoder, which one has the length of the target, which one that of the source?
# - `[layer] * n` is how many layers? And what does `parameters()` know of layers in a plain list?
# - What may one row's `eos` do to the other rows?
# - The table of positions should follow the model to another device: `register_buffer`.
# - Embeddings of standard deviation 1 times $\sqrt d$ drown the positions; start them with $1/\sqrt d$ (not tested, but it trains better).
#
# *Read:* Prince §12.4, §12.8; Bishop & Bishop (2024) §12.3.4. Papers: Vaswani et al. 2017, §3; Xiong et al. 2020 (pre-norm).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q11


class EncoderLayer(nn.Module):
    """Pre-norm self-attention and feed-forward, each with a residual connection."""

    def __init__(self, d: int, heads: int, d_ff: int) -> None:
        # BEGIN SOLUTION NO PROMPT
        super().__init__()
        self.norm1, self.norm2 = LayerNorm(d), LayerNorm(d)
        self.attention = MultiHeadAttention(d, heads)
        self.feed_forward = nn.Sequential(nn.Linear(d, d_ff), nn.ReLU(), nn.Linear(d_ff, d))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q11: EncoderLayer is not implemented yet")
        """  # END PROMPT

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """x: (B, S, d);  mask: as in MultiHeadAttention;  returns (B, S, d)"""
        # BEGIN SOLUTION NO PROMPT
        x = x + self.attention(self.norm1(x), mask=mask)
        return x + self.feed_forward(self.norm2(x))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q11: EncoderLayer.forward is not implemented yet")
        """  # END PROMPT


class DecoderLayer(nn.Module):
    """Pre-norm self-attention, cross-attention to the memory, and feed-forward, each with a residual connection."""

    def __init__(self, d: int, heads: int, d_ff: int) -> None:
        # BEGIN SOLUTION NO PROMPT
        super().__init__()
        self.norm1, self.norm2, self.norm3 = LayerNorm(d), LayerNorm(d), LayerNorm(d)
        self.self_attention = MultiHeadAttention(d, heads)
        self.cross_attention = MultiHeadAttention(d, heads)
        self.feed_forward = nn.Sequential(nn.Linear(d, d_ff), nn.ReLU(), nn.Linear(d_ff, d))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q11: DecoderLayer is not implemented yet")
        """  # END PROMPT

    def forward(
        self,
        x: torch.Tensor,
        memory: torch.Tensor,
        self_mask: torch.Tensor | None = None,
        memory_mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """x: (B, T, d);  memory: (B, S, d);  masks: as in MultiHeadAttention, for (T, T) and (T, S);  returns (B, T, d)"""
        # BEGIN SOLUTION NO PROMPT
        x = x + self.self_attention(self.norm1(x), mask=self_mask)
        x = x + self.cross_attention(self.norm2(x), memory, memory_mask)
        return x + self.feed_forward(self.norm3(x))
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q11: DecoderLayer.forward is not implemented yet")
        """  # END PROMPT


class Seq2SeqTransformer(nn.Module):
    """Encoder-decoder transformer: embeddings * sqrt(d) + sinusoidal positions, pre-norm layers, final layer norms."""

    def __init__(
        self, v_src: int, v_tgt: int, d: int, heads: int, layers: int, d_ff: int, pad_id: int, max_len: int
    ) -> None:
        """layers: of the encoder, and as many of the decoder;  pad_id: in the source;  max_len: of either sequence"""
        # BEGIN SOLUTION NO PROMPT
        super().__init__()
        self.pad_id, self.scale = pad_id, math.sqrt(d)
        self.src_embedding, self.tgt_embedding = nn.Embedding(v_src, d), nn.Embedding(v_tgt, d)
        nn.init.normal_(self.src_embedding.weight, std=1 / math.sqrt(d))
        nn.init.normal_(self.tgt_embedding.weight, std=1 / math.sqrt(d))
        self.register_buffer("positions", sinusoidal_pe(max_len, d))
        self.encoder = nn.ModuleList([EncoderLayer(d, heads, d_ff) for _ in range(layers)])
        self.decoder = nn.ModuleList([DecoderLayer(d, heads, d_ff) for _ in range(layers)])
        self.encoder_norm, self.decoder_norm = LayerNorm(d), LayerNorm(d)
        self.out = nn.Linear(d, v_tgt)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q11: Seq2SeqTransformer is not implemented yet")
        """  # END PROMPT

    def forward(self, src: torch.Tensor, tgt_in: torch.Tensor) -> torch.Tensor:
        """src: (B, S) integers;  tgt_in: (B, T) integers;  returns logits (B, T, v_tgt)"""
        # BEGIN SOLUTION NO PROMPT
        return self.decode(tgt_in, self.encode(src), padding_mask(src, self.pad_id))

    def encode(self, src: torch.Tensor) -> torch.Tensor:
        """(B, S) -> memory (B, S, d)"""
        x, mask = self.embed(self.src_embedding, src), padding_mask(src, self.pad_id)
        for layer in self.encoder:
            x = layer(x, mask)
        return self.encoder_norm(x)

    def decode(self, tgt_in: torch.Tensor, memory: torch.Tensor, memory_mask: torch.Tensor) -> torch.Tensor:
        """(B, T), (B, S, d), (B, 1, 1, S) -> logits (B, T, v_tgt)"""
        x, mask = self.embed(self.tgt_embedding, tgt_in), causal_mask(tgt_in.shape[1], tgt_in.device)
        for layer in self.decoder:
            x = layer(x, memory, mask, memory_mask)
        return self.out(self.decoder_norm(x))

    def embed(self, embedding: nn.Embedding, ids: torch.Tensor) -> torch.Tensor:
        """(B, T) -> (B, T, d)"""
        return embedding(ids) * self.scale + self.positions[: ids.shape[1]]
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q11: Seq2SeqTransformer.forward is not implemented yet")
        """  # END PROMPT

    @torch.no_grad()
    def greedy_decode(self, src: torch.Tensor, bos: int, eos: int, max_new: int) -> torch.Tensor:
        """src: (B, S);  returns (B, n), n <= max_new + 1: bos, the likeliest tokens, eos, then pad_id"""
        # BEGIN SOLUTION NO PROMPT
        memory, memory_mask = self.encode(src), padding_mask(src, self.pad_id)
        written = torch.full((len(src), 1), bos, dtype=torch.long, device=src.device)
        finished = torch.zeros(len(src), dtype=torch.bool, device=src.device)
        for _ in range(max_new):
            token = self.decode(written, memory, memory_mask)[:, -1].argmax(dim=-1)  # (B,)
            token = token.masked_fill(finished, self.pad_id)
            written = torch.cat([written, token[:, None]], dim=1)
            finished = finished | (token == eos)
            if finished.all():
                break
        return written
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q11: Seq2SeqTransformer.greedy_decode is not implemented yet")
        """  # END PROMPT


def shift_right(tgt: torch.Tensor, bos: int) -> torch.Tensor:
    """tgt: (B, T);  returns (B, T): what the decoder reads while it is to predict tgt."""
    # BEGIN SOLUTION NO PROMPT
    return torch.cat([torch.full_like(tgt[:, :1], bos), tgt[:, :-1]], dim=1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q11: shift_right is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_transformer_logits_and_parameters(Seq2SeqTransformer):
    """shape of the logits and number of parameters of the example on paper"""
    model = Seq2SeqTransformer(5, 6, 4, 2, 1, 8, 0, 10)
    logits = model(torch.tensor([[1, 2, 3, 4], [1, 2, 0, 0]]), torch.tensor([[1, 2, 3], [3, 2, 1]]))
    assert tuple(logits.shape) == (2, 3, 6), f"(B, T, v_tgt) is (2, 3, 6), yours is {tuple(logits.shape)}"
    count = sum(p.numel() for p in model.parameters())
    assert count == 522, f"44 + 172 + 260 + 16 + 30 = 522 parameters, yours has {count}"


# %%
def test_no_look_ahead_in_the_decoder(Seq2SeqTransformer):
    """changing the last target token leaves the earlier logits as they were"""
    torch.manual_seed(0)
    model = Seq2SeqTransformer(9, 11, 8, 2, 2, 16, 0, 10)
    src, tgt = torch.tensor([[4, 2, 7, 5]]), torch.tensor([[1, 5, 6, 9]])
    other = torch.tensor([[1, 5, 6, 3]])
    change = (model(src, tgt) - model(src, other)).detach().abs().amax(dim=(0, 2))
    assert change[:3].max() < 1e-5, f"logits 0 to 2 must not change, yours change by {change[:3]}"
    assert change[3] > 1e-5, "the last logits should depend on the last token"


# %%
def test_pre_norm_of_the_encoder_layer(EncoderLayer):
    """pre-norm: x + 100 comes out as much higher"""
    torch.manual_seed(0)
    layer, x = EncoderLayer(8, 2, 16), torch.randn(1, 3, 8)
    moved = (layer(x + 100) - layer(x)).detach()
    assert near(moved, np.full((1, 3, 8), 100.0), 1e-2), (
        f"the residual path carries the 100 through; yours moves by {moved}"
    )


# %%
def test_shift_right(shift_right):
    """the decoder's input is the target behind bos"""
    yours = shift_right(torch.tensor([[5, 6, 2], [7, 2, 0]]), 1)
    assert near(yours, [[1, 5, 6], [1, 7, 2]]), f"(1, 5, 6) and (1, 7, 2), yours: {yours}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: a transformer learns to count backwards, and where it looks while it writes


@experiment
def where_it_looks():
    import matplotlib.pyplot as plt

    torch.manual_seed(0)
    model = Seq2SeqTransformer(13, 13, 32, 2, 1, 64, 0, 12)
    adam = torch.optim.Adam(model.parameters(), 3e-3)
    for step in range(401):
        tgt = torch.randint(3, 13, (64, 7))
        cost = F.cross_entropy(model(tgt.flip(1), shift_right(tgt, 1)).flatten(0, 1), tgt.flatten())
        adam.zero_grad()
        cost.backward()
        adam.step()
        if step % 100 == 0:
            print(f"step {step:3d}: loss {cost.item():.3f}")
    src = torch.tensor([[3, 4, 5, 6, 7, 8, 9]])
    print("reads", src[0].tolist(), "and writes", model.greedy_decode(src, 1, 2, 7)[0, 1:].tolist())
    # how much each logit of the right token depends on each source token, by the gradient
    table = next(p for p in model.parameters() if tuple(p.shape) == (13, 32))
    influence = []
    for t in range(7):
        (g,) = torch.autograd.grad(model(src, shift_right(src.flip(1), 1))[0, t, src[0, 6 - t]], table)
        influence.append(g[src[0]].norm(dim=1))
    plt.imshow(torch.stack(influence), cmap="viridis")
    plt.xlabel("source position")
    plt.ylabel("target position")
    plt.title("which source token decides")
    plt.show()
