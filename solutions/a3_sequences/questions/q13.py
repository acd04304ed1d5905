# %% [raw]
# # BEGIN QUESTION
# name: q13
# points: 0

# %% [markdown]
# ## q13. GPT: a language model and how it writes (8 points)
#
# Leave the encoder out, and a decoder remains that predicts the next token from those before it. That is all a GPT is
# trained for, and writing is predicting again and again: predict, draw, append.
#
# **The model.** Token embedding plus a *learned* position table of `max_len` rows with `d` numbers each, then `layers`
# pre-norm blocks $x \leftarrow x + \mathrm{attention}(\mathrm{LN}(x))$, $x \leftarrow x + \mathrm{mlp}(\mathrm{LN}(x))$ with *causal* self-attention of `heads`
# heads, a last layer norm, a linear map to `vocab` logits. No dropout; the width of the mlp ($4d$, say) and its
# activation are yours. Logits at position $t$ are about token $t + 1$, and so the loss pairs them:
#
# $$\ell = -\frac{1}{B (T-1)} \sum_{b} \sum_{t=0}^{T-2} \ln p(\text{ids}_{b,t+1} \mid \text{logits}_{b,t})$$
#
# **Choosing a token.** `filter_logits` makes of logits the log-probabilities to draw from, in this order:
#
# 1. divide by the *temperature*; temperature 0 means: all probability to the largest logit, and of several equal ones to any or all of them (any other keeps `logits / temperature` finite);
# 2. `top_k`: only the k largest stay (all of them if there are no more than k). Of equals at the border, keep k in
#    all or keep every one, as you like;
# 3. `top_p`: of what is left, renormalised, only the smallest set of largest ones whose mass reaches `top_p` stays;
#    the token that crosses `top_p` belongs to it, so at least one is kept;
# 4. renormalise; what was removed has log-probability $-\infty$.
#
# **Writing fast.** In a causal model the keys and values of old positions do not change when a token is appended. With
# `use_cache=True` keep them and feed the new token alone: one position a step, at *its* position, instead of all of them. How
# the model hands out its keys and values is up to you (another method, an optional argument). When the text has
# outgrown `max_len`, only its last `max_len` tokens are seen, each at a new position: what is a cache worth then?
#
# | | arguments | returns |
# |---|---|---|
# | `GPT(vocab, d, heads, layers, max_len)` | | a module with an attribute `max_len` |
# | `GPT.forward` | `ids (B, T)` integers, T up to `max_len` | logits `(B, T, vocab)` |
# | `lm_loss` | `logits (B, T, V)`, `ids (B, T)`, T at least 2 | scalar |
# | `filter_logits` | `logits (B, V)`, `temperature`, `top_k`, `top_p` (None: no limit) | `(B, V)` log-probabilities |
# | `generate` | `model`, `idx (B, T0)`, `n`, `temperature`, `top_k`, `top_p`, `generator`, `use_cache` | `(B, T0 + n)`: `idx` and n drawn tokens |
#
# `generate` draws from `filter_logits(...)` of the last position with `generator`, without gradients and in eval mode; afterwards
# `model.training` is what it was. Without the cache it needs nothing of a model (an `nn.Module`) but `model(ids)` and `model.max_len`.
#
# Ruled out: `F.scaled_dot_product_attention`, `F.multi_head_attention_forward`, `nn.MultiheadAttention`, `nn.Transformer`,
# `nn.TransformerEncoderLayer`, `nn.TransformerDecoderLayer`, and `nn.RNNBase` (`nn.RNN`, `nn.LSTM`, `nn.GRU`).
#
# **On paper.** Probabilities $(0.5, 0.2, 0.15, 0.1, 0.05)$. `top_k=2` leaves $(5, 2)/7$. `top_p=0.6` leaves the same two: 0.5 is
# not enough, 0.7 is. `top_k=3, top_p=0.8`: of the three left the first two have $0.7 / 0.85 = 0.82$ of the mass, so two stay.
# Without renormalising in between it would be three.
#
# **What usually goes wrong**
# - Which of `ids[:, 1:]` and `ids[:, :-1]` goes with which logits? A loss near 0 after a few steps is no triumph: what does the model see?
# - A temperature of 2: flatter or sharper? Is it applied before the softmax or after?
# - top-p is decided in sorted order. How does the decision get back to the places the tokens came from?
# - Is the crossing token kept? With `top_p` = 0.001, what is left?
# - At which position is a new token, when it is fed alone? Which keys may it see?
# - Two calls of `generate`, one after the other: whose keys does the second one use?
# - Who puts the model back into training mode, and into which mode if it was not in training?
#
# *Read:* Prince §12.5 and §12.7; Bishop & Bishop (2024) §12.2 and §12.3.1. Papers: Radford et al. 2018 and 2019 (GPT, GPT-2);
# Holtzman et al. 2020 (top-p).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q13


class GPT(nn.Module):
    """Decoder-only transformer: token + learned positions, pre-norm causal blocks, last layer norm, logits."""

    def __init__(self, vocab: int, d: int, heads: int, layers: int, max_len: int) -> None:
        # BEGIN SOLUTION NO PROMPT
        super().__init__()
        self.max_len = max_len
        self.tokens, self.positions = nn.Embedding(vocab, d), nn.Embedding(max_len, d)
        self.blocks = nn.ModuleList([Block(d, heads) for _ in range(layers)])
        self.norm, self.out = nn.LayerNorm(d), nn.Linear(d, vocab)
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q13: GPT is not implemented yet")
        """  # END PROMPT

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """ids: (B, T) integers, T <= max_len;  returns logits (B, T, vocab)"""
        # BEGIN SOLUTION NO PROMPT
        logits, _ = self.advance(ids, [None] * len(self.blocks))
        return logits

    def advance(self, ids: torch.Tensor, cache: list) -> tuple[torch.Tensor, list]:
        """Logits of new tokens (B, T) that follow those in the cache, and the cache with the new ones in it."""
        seen = 0 if cache[0] is None else cache[0][0].shape[2]
        x = self.tokens(ids) + self.positions.weight[seen : seen + ids.shape[1]]  # (B, T, d)
        longer = []
        for block, past in zip(self.blocks, cache, strict=True):
            x, present = block(x, past)
            longer.append(present)
        return self.out(self.norm(x)), longer
        # END SOLUTION
        """ # BEGIN PROMPT
        raise NotImplementedError("q13: GPT.forward is not implemented yet")
        """  # END PROMPT


# BEGIN SOLUTION NO PROMPT
class Block(nn.Module):
    """Pre-norm causal self-attention and mlp, each with a residual connection."""

    def __init__(self, d: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x: torch.Tensor, past: tuple | None = None) -> tuple[torch.Tensor, tuple]:
        """x: (B, T, d) at new positions;  past: keys and values (B, H, S, d/H) of earlier ones;  returns x, keys and values"""
        q, k, v = self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, H, T, d/H)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        T, S = q.shape[2], k.shape[2]
        may_see = torch.ones(T, S, dtype=torch.bool, device=x.device).tril(S - T)  # query t is at position S - T + t
        scores = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).masked_fill(~may_see, -math.inf)
        x = x + self.proj((scores.softmax(dim=-1) @ v).transpose(1, 2).flatten(2))  # (B, T, d)
        return x + self.mlp(self.norm2(x)), (k, v)


# END SOLUTION


def lm_loss(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of every next token, mean over B * (T - 1).

    logits: (B, T, V);  ids: (B, T) integers;  returns a scalar
    """
    # BEGIN SOLUTION NO PROMPT
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q13: lm_loss is not implemented yet")
    """  # END PROMPT


def filter_logits(
    logits: torch.Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> torch.Tensor:
    """Log-probabilities to draw from: temperature, then top_k, then top_p, -inf where removed.

    logits: (B, V);  temperature: 0 puts everything on the largest logit;  returns (B, V), each row normalised
    """
    # BEGIN SOLUTION NO PROMPT
    if temperature == 0:
        temperature, top_k = 1.0, 1
    log_p = (logits / temperature).log_softmax(dim=-1)
    if top_k is not None and top_k < logits.shape[-1]:
        kept = log_p.topk(top_k, dim=-1).indices
        log_p = torch.full_like(log_p, -math.inf).scatter(-1, kept, log_p.gather(-1, kept)).log_softmax(dim=-1)
    if top_p is not None:
        p, order = log_p.exp().sort(dim=-1, descending=True)
        before = p.cumsum(dim=-1) - p  # the mass of what comes first
        removed = before >= top_p
        log_p = log_p.masked_fill(torch.zeros_like(removed).scatter(-1, order, removed), -math.inf)
    return log_p.log_softmax(dim=-1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q13: filter_logits is not implemented yet")
    """  # END PROMPT


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
    """Append n drawn tokens to every row; the model sees the last model.max_len tokens.

    idx: (B, T0) integers;  returns (B, T0 + n)
    """
    # BEGIN SOLUTION NO PROMPT
    was_training = model.training
    model.eval()
    cache = None
    with torch.set_grad_enabled(False):
        for _ in range(n):
            context = idx[:, -model.max_len :]
            if not use_cache:
                logits = model(context)
            elif cache is None or idx.shape[1] > model.max_len:  # once the window slides, every position is another
                logits, cache = model.advance(context, [None] * len(model.blocks))
            else:
                logits, cache = model.advance(idx[:, -1:], cache)
            p = filter_logits(logits[:, -1], temperature, top_k, top_p).exp()  # (B, V)
            idx = torch.cat([idx, torch.multinomial(p, 1, generator=generator)], dim=1)
    model.train(was_training)
    return idx
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q13: generate is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_uniform_logits(lm_loss):
    """equal logits for 8 tokens cost ln 8, and the last position counts for nothing"""
    ids = torch.tensor([[3, 1, 4, 1]])
    logits = torch.zeros(1, 4, 8)
    loss = lm_loss(logits, ids)
    assert near(loss, 2.079442, 1e-5), f"ln 8 = 2.079442, yours is {loss}"
    logits[0, 3, 5] = 9.0
    logits[0, 0, 1] = math.log(9)  # 9 of 16 for the right successor of token 0
    loss = lm_loss(logits, ids)
    assert near(loss, (2 * math.log(8) + math.log(16 / 9)) / 3, 1e-5), f"(ln 16/9 + 2 ln 8) / 3, yours is {loss}"


# %%
def test_filters_by_hand(filter_logits):
    """temperature, top_k and top_p on the five probabilities on paper"""
    p = torch.tensor([[0.2, 0.05, 0.5, 0.1, 0.15]])
    two = [[2 / 7, 0, 5 / 7, 0, 0]]
    for settings in ({"top_k": 2}, {"top_p": 0.6}, {"top_k": 3, "top_p": 0.8}):
        yours = filter_logits(p.log(), **settings).exp()
        assert near(yours, two, 1e-5), f"{settings} leaves (2, 0, 5, 0, 0)/7, yours is {yours}"
    yours = filter_logits(torch.tensor([[0.0, math.log(9)]]), temperature=2.0).exp()
    assert near(yours, [[0.25, 0.75]], 1e-5), f"odds of 9 are odds of 3 at temperature 2, yours are {yours}"
    yours = filter_logits(p.log(), temperature=0).exp()
    assert near(yours, [[0, 0, 1, 0, 0]], 1e-5), f"temperature 0 leaves the largest alone, yours is {yours}"


# %%
def test_earlier_logits_stay(GPT):
    """changing token 3 leaves the logits at 0, 1, 2 as they were"""
    torch.manual_seed(0)
    model, ids = GPT(7, 12, 3, 2, 6), torch.tensor([[1, 5, 2, 6, 0]])
    other = torch.tensor([[1, 5, 2, 3, 0]])
    logits = model(ids).detach()
    assert tuple(logits.shape) == (1, 5, 7), f"(B, T, vocab) is (1, 5, 7), yours is {tuple(logits.shape)}"
    change = (logits - model(other).detach()).abs().amax(dim=(0, 2))
    assert change[:3].max() < 1e-5, f"logits before position 3 must not change, yours change by {change[:3]}"
    assert change[3:].min() > 1e-6, f"logits from position 3 on should change, yours change by {change[3:]}"


# %%
def test_cache_changes_nothing(GPT, generate):
    """the same text with and without the cache, also beyond max_len"""
    torch.manual_seed(0)
    model, idx = GPT(11, 16, 2, 2, 8), torch.tensor([[1, 2, 3], [4, 5, 6]])
    texts = [
        generate(model, idx, 10, 0, None, None, torch.Generator().manual_seed(0), cache) for cache in (False, True)
    ]
    for text in texts:
        assert tuple(text.shape) == (2, 13), f"3 tokens and 10 more are 13, yours are {tuple(text.shape)}"
        assert near(text[:, :3], idx), f"the text begins with what was given; yours: {text}"
    assert near(texts[0], texts[1]), f"temperature 0: without the cache {texts[0]}, with it {texts[1]}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: a GPT learns a toy grammar and writes, at three temperatures


@experiment
def it_writes():
    import time

    from datasets import grammar

    sentences = grammar(4000, np.random.default_rng(0))
    words = ["."] + sorted({word for sentence in sentences for word in sentence})
    number = {word: i for i, word in enumerate(words)}
    stream = torch.tensor([number[word] for sentence in sentences for word in (*sentence, ".")])
    torch.manual_seed(0)
    model = GPT(len(words), 64, 4, 2, 48)
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3)
    for step in range(401):
        start = torch.randint(len(stream) - 32, (32, 1))
        ids = stream[start + torch.arange(32)]
        loss = lm_loss(model(ids), ids)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 100 == 0:
            print(f"step {step:3d}: loss {loss.item():.2f} (all {len(words)} words alike: {math.log(len(words)):.2f})")
    g = torch.Generator().manual_seed(1)
    for temperature in (0.0, 0.7, 2.0):
        ids = generate(model, torch.tensor([[0]]), 30, temperature, None, None, g, True)[0, 1:].tolist()
        print(f"\ntemperature {temperature}:", " ".join(words[i] for i in ids))
    print("\nDoes the verb agree with its subject in number, also across 'near the houses'?")
    model = GPT(len(words), 64, 4, 4, 256)
    for cache in (False, True):
        start = time.perf_counter()
        generate(model, torch.zeros(1, 1, dtype=torch.long), 200, 1.0, None, None, g, cache)
        print(f"200 tokens {'with' if cache else 'without'} the cache: {time.perf_counter() - start:.2f} s")
