"""Right solutions of question 13 that look different from the reference."""
# ruff: noqa: F811


# %% one_head_at_a_time | why: loops over heads, layer norm and softmax written out, keys and values kept in the modules
class _Norm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.gain, self.shift = nn.Parameter(torch.ones(d)), nn.Parameter(torch.zeros(d))

    def forward(self, x):
        x = x - x.mean(dim=-1, keepdim=True)
        return self.gain * x / torch.sqrt((x * x).mean(dim=-1, keepdim=True) + 1e-5) + self.shift


class _Layer(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.q, self.k, self.v = (
            nn.ModuleList([nn.Linear(d, d // heads, bias=False) for _ in range(heads)]) for _ in range(3)
        )
        self.o, self.up, self.down = nn.Linear(d, d), nn.Linear(d, 2 * d), nn.Linear(2 * d, d)
        self.n1, self.n2 = _Norm(d), _Norm(d)

    def forward(self, x, kept):
        z, heads = self.n1(x), []
        for h, (q, k, v) in enumerate(zip(self.q, self.k, self.v, strict=True)):
            keys, values = k(z), v(z)
            if h in kept:
                keys, values = torch.cat([kept[h][0], keys], 1), torch.cat([kept[h][1], values], 1)
            kept[h] = keys, values
            scores = q(z) @ keys.mT / keys.shape[-1] ** 0.5
            T, S = scores.shape[-2:]
            future = torch.arange(S, device=x.device)[None] > torch.arange(S - T, S, device=x.device)[:, None]
            heads.append(torch.softmax(scores.masked_fill(future, float("-inf")), -1) @ values)
        x = x + self.o(torch.cat(heads, -1))
        return x + self.down(torch.relu(self.up(self.n2(x))))


class GPT(nn.Module):
    def __init__(self, vocab, d, heads, layers, max_len):
        super().__init__()
        self.max_len = max_len
        self.embedding = nn.Parameter(0.1 * torch.randn(vocab, d))
        self.place = nn.Parameter(torch.zeros(1, max_len, d))
        self.stack = nn.ModuleList()
        for _ in range(layers):
            self.stack.append(_Layer(d, heads))
        self.last, self.to_logits = _Norm(d), nn.Linear(d, vocab, bias=False)
        nn.init.zeros_(self.to_logits.weight)

    def forward(self, ids, kept=None, first=0):
        x = self.embedding[ids] + self.place[:, first : first + ids.shape[1]]
        for i, layer in enumerate(self.stack):
            x = layer(x, {} if kept is None else kept.setdefault(i, {}))
        return self.to_logits(self.last(x))


def lm_loss(logits, ids):
    log_p = torch.log_softmax(logits[:, :-1], dim=-1)
    return -torch.gather(log_p, 2, ids[:, 1:, None]).mean()


def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    rows = []
    for row in logits:
        if temperature == 0:
            answer = torch.full_like(row, -math.inf)
            answer[row.argmax()] = 0.0
            rows.append(answer)
            continue
        p = torch.softmax(row / temperature, dim=0)
        order = torch.argsort(p, descending=True).tolist()
        order = order[: len(order) if top_k is None else top_k]
        if top_p is not None:
            total, mass, kept = float(p[order].sum()), 0.0, []
            for token in order:
                kept.append(token)
                mass += float(p[token]) / total
                if mass >= top_p:
                    break
            order = kept
        answer = torch.full_like(row, -math.inf)
        answer[order] = torch.log_softmax(row[order] / temperature, dim=0)
        rows.append(answer)
    return torch.stack(rows)


@torch.no_grad()
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    mode, kept = model.training, {}
    model.eval()
    for _ in range(n):
        if use_cache and kept and idx.shape[1] <= model.max_len:
            logits = model(idx[:, -1:], kept, idx.shape[1] - 1)
        elif use_cache:
            kept = {}
            logits = model(idx[:, -model.max_len :], kept, 0)
        else:
            logits = model(idx[:, -model.max_len :])
        p = torch.exp(filter_logits(logits[:, -1], temperature, top_k, top_p))
        # the inverse of the cumulative distribution instead of multinomial
        u = torch.rand(len(p), 1, generator=generator, device=p.device)
        token = (p.cumsum(-1) <= u * p.sum(-1, keepdim=True)).sum(-1, keepdim=True)
        idx = torch.cat([idx, token.clamp(max=p.shape[1] - 1)], 1)
    model.train(mode)
    return idx


# %% layers_of_q11 | why: encoder layers of q11 under a causal mask; the cache holds the layers' inputs, nucleus by thresholds
class GPT(nn.Module):
    def __init__(self, vocab, d, heads, layers, max_len):
        super().__init__()
        self.max_len = max_len
        self.table = nn.ModuleDict({"token": nn.Embedding(vocab, d), "place": nn.Embedding(max_len, d)})
        self.layers = nn.Sequential(*[EncoderLayer(d, heads, 4 * d) for _ in range(layers)])
        self.end = nn.Sequential(LayerNorm(d), nn.Linear(d, vocab))

    def forward(self, ids):
        place = torch.arange(ids.shape[1], device=ids.device)
        x, mask = self.table["token"](ids) + self.table["place"](place), causal_mask(ids.shape[1], ids.device)
        for layer in self.layers:
            x = layer(x, mask)
        return self.end(x)

    def one_more(self, token, inputs):
        """Logits of one new token; inputs[i] holds what layer i was given so far."""
        place = torch.tensor([inputs[0].shape[1]], device=token.device)
        x = self.table["token"](token) + self.table["place"](place)
        for i, layer in enumerate(self.layers):
            inputs[i] = torch.cat([inputs[i], x], dim=1)
            x = x + layer.attention(layer.norm1(x), layer.norm1(inputs[i]))
            x = x + layer.feed_forward(layer.norm2(x))
        return self.end(x)

    def begin(self, ids):
        place = torch.arange(ids.shape[1], device=ids.device)
        x, mask = self.table["token"](ids) + self.table["place"](place), causal_mask(ids.shape[1], ids.device)
        inputs = []
        for layer in self.layers:
            inputs.append(x)
            x = layer(x, mask)
        return self.end(x), inputs


def lm_loss(logits, ids):
    total = 0
    for t in range(ids.shape[1] - 1):
        total = total + F.cross_entropy(logits[:, t], ids[:, t + 1], reduction="sum")
    return total / ids[:, 1:].numel()


def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        best = F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).to(logits.dtype)
        return best.log()
    logits = logits / temperature
    if top_k is not None:  # keeps every one of equals
        border = logits.topk(min(top_k, logits.shape[-1]), dim=-1).values[:, -1:]
        logits = torch.where(logits < border, -math.inf, logits)
    if top_p is not None:
        ordered, _ = logits.softmax(dim=-1).sort(dim=-1, descending=True)
        needed = ((ordered.cumsum(dim=-1) - ordered) < top_p).sum(dim=-1, keepdim=True).clamp(min=1)
        border = ordered.gather(-1, needed - 1)
        logits = logits.masked_fill(logits.softmax(dim=-1) < border, -math.inf)
    return logits - logits.logsumexp(dim=-1, keepdim=True)


def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    was, inputs = model.training, None
    model.eval()
    try:
        with torch.inference_mode():
            for _ in range(n):
                if not use_cache:
                    logits = model(idx[:, -model.max_len :])
                elif inputs is None or inputs[0].shape[1] == model.max_len:
                    logits, inputs = model.begin(idx[:, -model.max_len :])
                else:
                    logits = model.one_more(idx[:, -1:], inputs)
                log_p = filter_logits(logits[:, -1, :], temperature, top_k, top_p)
                idx = torch.hstack([idx, torch.multinomial(log_p.exp(), num_samples=1, generator=generator)])
    finally:
        model.train(was)
    return idx.clone()


# %% past_in_a_list | why: fused projections, a position table as a parameter, SiLU and a narrow mlp, keys and values kept in lists of tensors
class _Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.SiLU(), nn.Linear(2 * d, d))

    def forward(self, x, past=None):
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in self.qkv(self.ln1(x)).chunk(3, dim=-1))
        if past is not None:
            if past:
                k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
            past[:] = [k, v]
        Tq, Tk = q.shape[2], k.shape[2]
        see = torch.ones(Tq, Tk, dtype=torch.bool, device=x.device).tril(Tk - Tq)
        scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~see, -torch.inf)
        x = x + self.proj((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, vocab, d, heads, layers, max_len):
        super().__init__()
        self.max_len = max_len
        self.tokens, self.places = nn.Embedding(vocab, d), nn.Parameter(0.02 * torch.randn(max_len, d))
        self.blocks = nn.ModuleList(_Block(d, heads) for _ in range(layers))
        self.ln, self.head = nn.LayerNorm(d), nn.Linear(d, vocab)

    def forward(self, ids, past=None):
        start = past[0][0].shape[2] if past and past[0] else 0
        x = self.tokens(ids) + self.places[start : start + ids.shape[1]]
        for number, block in enumerate(self.blocks):
            x = block(x, None if past is None else past[number])
        return self.head(self.ln(x))


def lm_loss(logits, ids):
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), ids[:, 1:].long())


def filter_logits(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        best = torch.zeros_like(logits).scatter(1, logits.argmax(dim=1, keepdim=True), 1.0)
        return best.log()
    logits = logits / temperature
    values, places = logits.sort(dim=1, descending=True, stable=True)
    if top_k is not None:
        values = values.masked_fill(torch.arange(values.shape[1], device=values.device) >= top_k, -torch.inf)
    if top_p is not None:
        p = values.softmax(dim=1)
        values = values.masked_fill(
            (p.cumsum(dim=1) - p >= top_p) & (torch.arange(p.shape[1], device=p.device) > 0), -torch.inf
        )
    return torch.full_like(logits, -torch.inf).scatter(1, places, values.log_softmax(dim=1))


@torch.inference_mode()
def generate(model, idx, n, temperature, top_k, top_p, generator, use_cache):
    was = model.training
    model.train(False)
    try:
        past, text = None, idx.clone()
        for _ in range(n):
            if not use_cache or text.shape[1] > model.max_len:
                logits = model(text[:, -model.max_len :])
            elif past is None:
                past = [[] for _ in model.blocks]
                logits = model(text, past)
            else:
                logits = model(text[:, -1:], past)
            p = filter_logits(logits[:, -1], temperature, top_k, top_p).exp()
            text = torch.cat([text, torch.multinomial(p, 1, generator=generator).to(text)], dim=1)
    finally:
        model.train(was)
    return text
