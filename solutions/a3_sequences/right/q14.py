"""Right solutions of question 14 that look different from the reference."""
# ruff: noqa: F811


# %% counts_and_heads | why: GRU with one matrix a gate, a table of counts as language model, one head for each word, AdamW
class _Gru(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.table = nn.Parameter(torch.randn(12, 24))
        self.gates = nn.ModuleList([nn.Linear(24 + hidden, hidden) for _ in range(3)])
        self.head = nn.Sequential(nn.Linear(hidden, 32), nn.ReLU(), nn.Linear(32, 6))
        self.hidden = hidden
        nn.init.constant_(self.gates[1].bias, 2.0)

    def forward(self, x):
        h = self.table.new_zeros(len(x), self.hidden)
        for token in x.T:
            e = self.table[token]
            r, z = (torch.sigmoid(gate(torch.cat([e, h], 1))) for gate in self.gates[:2])
            h = z * h + (1 - z) * torch.tanh(self.gates[2](torch.cat([e, r * h], 1)))
        return self.head(h)


def _adamw(model, loss_of, steps, lr):
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, lr, total_steps=steps)
    model.train()
    for _ in range(steps):
        optimiser.zero_grad(set_to_none=True)
        loss_of().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return model.eval()


def train_recall(x, y, seed):
    torch.manual_seed(seed)
    model = _Gru().to(x.device)

    def loss():
        rows = torch.randperm(len(x))[:96]
        return F.cross_entropy(model(x[rows]), y[rows])

    return _adamw(model, loss, 300, 1e-2)


def train_reverse(src, tgt, seed):
    torch.manual_seed(seed)
    model = Seq2SeqTransformer(13, 13, 56, 4, 1, 160, 0, 12).to(src.device)

    def loss():
        rows = torch.randint(len(src), (64,))
        logits = model(src[rows], shift_right(tgt[rows], 1))
        real = tgt[rows] != 0
        return F.cross_entropy(logits[real], tgt[rows][real], label_smoothing=0.05)

    return _adamw(model, loss, 350, 5e-3)


class _Counts(nn.Module):
    """Log-probabilities from counts of triples; where there is no past, from counts of pairs."""

    def __init__(self, ids):
        super().__init__()
        one = torch.ones(len(ids) - 2, device=ids.device)
        triples = torch.full((8, 8, 8), 0.3, device=ids.device)
        triples.index_put_((ids[:-2], ids[1:-1], ids[2:]), one, accumulate=True)
        self.register_buffer("after_two", (triples / triples.sum(-1, keepdim=True)).log())
        self.register_buffer("after_one", (triples.sum(0) / triples.sum((0, 2))[:, None]).log())

    def forward(self, ids):
        return torch.cat([self.after_one[ids[:, :1]], self.after_two[ids[:, :-1], ids[:, 1:]]], dim=1)


def train_lm(ids, seed):
    return _Counts(ids)


class _ThreeHeads(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for n, m, stride in [(3, 24, 1), (24, 40, 2), (40, 64, 2)]:
            layers += [nn.Conv2d(n, m, 3, stride=stride, padding=1), nn.BatchNorm2d(m), nn.ReLU()]
        self.look = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten())
        self.say = nn.ModuleList([nn.Linear(64, 14) for _ in range(4)])

    def forward(self, X):
        seen = self.look(X)
        return torch.stack([head(seen) for head in self.say], dim=2)  # (N, 14, 4)


def train_captioner(X, captions, seed):
    torch.manual_seed(seed)
    model = _ThreeHeads().to(X.device)

    def loss():
        rows = torch.randint(len(X), (64,))
        return F.cross_entropy(model(X[rows]), captions[rows])

    _adamw(model, loss, 500, 8e-3)
    return lambda pictures: model(pictures).max(dim=1).indices


# %% larger_and_with_torchs_layers | why: an LSTM with a peep at the embedding, torch's transformer layers, a GRU cell that sees the picture at every step
class _Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.all = nn.Embedding(12, 12), nn.Linear(12 + 64, 4 * 64)
        self.end = nn.Linear(64, 6)
        self.all.bias.data[64:128] += 1.0

    def forward(self, x):
        h, c = torch.zeros(2, len(x), 64, device=x.device)
        for t in range(x.size(1)):
            f, i, o, g = self.all(torch.cat([h, self.embed(x[:, t])], -1)).split(64, -1)
            c = c * (f + 1).sigmoid() + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return self.end(h)


def _train(model, batches, loss_of, lr):
    optimiser = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.98))
    batches = list(batches)
    for i, batch in enumerate(batches):
        optimiser.param_groups[0]["lr"] = lr * min((i + 1) / 50, 1.02 - i / len(batches))
        optimiser.zero_grad()
        loss_of(batch).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    model.eval()
    return model


def _epochs(n, count, size):
    for _ in range(count):
        yield from torch.randperm(n).split(size)


def train_recall(x, y, seed):
    torch.manual_seed(seed)
    model = _Lstm().to(x.device)
    return _train(model, _epochs(len(x), 3, 64), lambda rows: F.cross_entropy(model(x[rows]), y[rows]), 1e-2)


class _Reverser(nn.Module):
    """Not the class of q11, but it answers to the same calls."""

    def __init__(self):
        super().__init__()
        self.inner = Seq2SeqTransformer(13, 13, 64, 4, 1, 128, 0, 10)

    def forward(self, src, tgt_in):
        return self.inner(src, tgt_in)

    def greedy_decode(self, src, bos, eos, max_new):
        return self.inner.greedy_decode(src, bos, eos, max_new)


def train_reverse(src, tgt, seed):
    torch.manual_seed(seed)
    model = _Reverser().to(src.device)

    def loss_of(rows):
        logits = model(src[rows], shift_right(tgt[rows], 1))
        return F.cross_entropy(logits.transpose(1, 2), tgt[rows], ignore_index=0)

    return _train(model, _epochs(len(src), 2, 64), loss_of, 4e-3)


class _Lm(nn.Module):
    def __init__(self):
        super().__init__()
        self.token, self.place = nn.Embedding(8, 48), nn.Embedding(24, 48)
        layer = nn.TransformerEncoderLayer(48, 4, 96, dropout=0.0, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(48), enable_nested_tensor=False)
        self.head = nn.Linear(48, 8)

    def forward(self, ids):
        T = ids.shape[1]
        hidden = torch.ones(T, T, dtype=torch.bool, device=ids.device).triu(1)
        return self.head(self.body(self.token(ids) + self.place.weight[:T], mask=hidden))


def train_lm(ids, seed):
    torch.manual_seed(seed)
    model = _Lm().to(ids.device)
    starts = (torch.randint(len(ids) - 25, (32, 1)) + torch.arange(25) for _ in range(450))

    def loss_of(places):
        text = ids[places]
        return F.cross_entropy(model(text[:, :-1]).flatten(0, 1), text[:, 1:].flatten())

    return _train(model, starts, loss_of, 5e-3)


class _Writer(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.ModuleList([nn.Conv2d(n, m, 3, padding=1) for n, m in ((3, 24), (24, 32), (32, 48))])
        self.norm = nn.ModuleList([nn.GroupNorm(4, m) for m in (24, 32, 48)])
        self.word, self.cell, self.out = nn.Embedding(14, 16), nn.GRUCell(16 + 48, 48), nn.Linear(48, 14)

    def forward(self, X, words=None):
        for conv, norm in zip(self.conv, self.norm, strict=True):
            X = F.max_pool2d(F.relu(norm(conv(X))), 2)
        seen = X.amax(dim=(2, 3))
        h, word, logits = torch.zeros_like(seen), torch.zeros(len(X), dtype=torch.long, device=X.device), []
        for t in range(4):
            h = self.cell(torch.cat([self.word(word), seen], dim=1), h)
            logits.append(self.out(h))
            word = words[:, t] if words is not None else logits[-1].argmax(1)
        return torch.stack(logits, 1)


def train_captioner(X, captions, seed):
    torch.manual_seed(seed)
    model = _Writer().to(X.device)

    def loss_of(rows):
        return F.cross_entropy(model(X[rows], captions[rows]).transpose(1, 2), captions[rows])

    _train(model, _epochs(len(X), 10, 50), loss_of, 5e-3)

    def caption(pictures):
        return torch.cat([model(p).argmax(-1) for p in pictures.split(100)])

    return caption
