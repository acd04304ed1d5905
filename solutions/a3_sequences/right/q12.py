"""Right solutions of question 12 that look different from the reference."""


# %% token_by_token | why: loops over tokens with one draw each, a random word that is never the old one, tensors built from lists
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    words = sorted(set(range(vocab_size)) - set(special_ids) - {mask_id})
    inputs, labels = ids.clone(), torch.full_like(ids, -100)
    chance = torch.rand(*ids.shape, 2, generator=generator).tolist()
    for b, row in enumerate(ids.tolist()):
        for t, token in enumerate(row):
            selected, fate = chance[b][t]
            if token in special_ids or selected >= p:
                continue
            labels[b, t] = token
            if fate < 0.8:
                inputs[b, t] = mask_id
            elif fate < 0.9:
                others = [w for w in words if w != token] or words
                inputs[b, t] = others[torch.randint(len(others), (1,), generator=generator).item()]
    return inputs, labels


def nsp_pairs(docs, generator):
    firsts = [(i, k) for i, doc in enumerate(docs) for k in range(len(doc) - 1)]
    half = torch.randperm(len(firsts), generator=generator)[: len(firsts) // 2].tolist()
    everything = [(i, list(sentence)) for i, doc in enumerate(docs) for sentence in doc]
    pairs = []
    for n, (i, k) in enumerate(firsts):
        if n in half:
            pairs.append((list(docs[i][k]), list(docs[i][k + 1]), 1))
            continue
        strangers = [sentence for j, sentence in everything if j != i]
        choice = int(torch.multinomial(torch.ones(len(strangers)), 1, generator=generator))
        pairs.append((list(docs[i][k]), strangers[choice], 0))
    return pairs


def mlm_loss(logits, labels):
    seen = labels != -100
    if not seen.any():
        return (0 * logits).sum()
    return F.cross_entropy(logits[seen], labels[seen])


def pack_pair(a, b, cls, sep, pad, max_len):
    a, b = list(a), list(b)
    while len(a) + len(b) > max_len - 3:
        (a if len(a) > len(b) else b).pop()
    ids = torch.full((max_len,), pad, dtype=torch.int64)
    segments = torch.zeros(max_len, dtype=torch.int64)
    ids[: len(a) + len(b) + 3] = torch.tensor([cls] + a + [sep] + b + [sep])
    segments[len(a) + 2 : len(a) + len(b) + 3] = 1
    return {"mask": torch.arange(max_len) < len(a) + len(b) + 3, "ids": ids, "segments": segments}


# %% multinomial_fates | why: Bernoulli selection, the three fates drawn by multinomial, the loss by gather and log_softmax
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    eligible = torch.ones(ids.shape)
    for t in special_ids:
        eligible[ids.cpu() == t] = 0.0
    selected = torch.bernoulli(p * eligible, generator=generator).bool().to(ids.device)
    fate = torch.multinomial(torch.tensor([0.8, 0.1, 0.1]), ids.numel(), replacement=True, generator=generator)
    fate = fate.view(ids.shape).to(ids.device)
    weight = torch.ones(vocab_size)
    weight[[*special_ids, mask_id]] = 0.0
    drawn = torch.multinomial(weight, ids.numel(), replacement=True, generator=generator).view(ids.shape).to(ids.device)
    inputs = ids.clone()
    inputs[selected & (fate == 0)] = mask_id
    replaced = selected & (fate == 1)
    inputs[replaced] = drawn[replaced]
    labels = torch.where(selected, ids, torch.tensor(-100, device=ids.device))
    return inputs, labels


def nsp_pairs(docs, generator):
    pairs = []
    for i, doc in enumerate(docs):
        rest = docs[:i] + docs[i + 1 :]
        for k in range(len(doc) - 1):
            coin, which, place = torch.rand(3, generator=generator).tolist()
            if coin < 0.5:
                pairs.append([doc[k], doc[k + 1], True + 0])
            else:
                stranger = rest[int(which * len(rest))]
                pairs.append([doc[k], stranger[int(place * len(stranger))], 0])
    return pairs


def mlm_loss(logits, labels):
    seen = (labels != -100).to(logits.dtype)
    picked = logits.log_softmax(-1).gather(2, labels.clamp_min(0).unsqueeze(2)).squeeze(2)
    return -(picked * seen).sum() / torch.clamp(seen.sum(), min=1.0)


def pack_pair(a, b, cls, sep, pad, max_len):
    room = max_len - 3
    if len(a) + len(b) > room:
        keep_b = min(len(b), max(room // 2, room - len(a)))
        keep_a = min(len(a), room - keep_b)
        a, b = a[:keep_a], b[:keep_b]
    ids = [cls] + a + [sep] + b + [sep]
    segments = [0] * (len(a) + 2) + [1] * (len(b) + 1)
    rest = max_len - len(ids)
    return {
        "ids": F.pad(torch.tensor(ids), (0, rest), value=pad),
        "segments": F.pad(torch.tensor(segments), (0, rest)),
        "mask": F.pad(torch.ones(len(ids), dtype=torch.bool), (0, rest)),
    }


# %% fates_by_multinomial | why: one draw of four fates for every token, a table of ordinary tokens, loss from F.cross_entropy's sum
def mlm_mask(ids, special_ids, mask_id, vocab_size, p, generator):
    chances = torch.tensor([1 - p, 0.8 * p, 0.1 * p, 0.1 * p], device=generator.device)
    fate = torch.multinomial(chances, ids.numel(), replacement=True, generator=generator).view(ids.shape).to(ids.device)
    ordinary = torch.tensor([t for t in range(vocab_size) if t not in special_ids and t != mask_id], device=ids.device)
    drawn = torch.randint(len(ordinary), ids.shape, generator=generator, device=generator.device).to(ids.device)
    special = torch.isin(ids, torch.tensor(sorted(special_ids), dtype=ids.dtype, device=ids.device))
    fate = torch.where(special, 0, fate)
    inputs = torch.where(fate == 1, mask_id, torch.where(fate == 2, ordinary[drawn].to(ids.dtype), ids))
    return inputs, torch.where(fate > 0, ids, -100)


def nsp_pairs(docs, generator):
    def draw(n):
        return torch.randint(n, (), generator=generator, device=generator.device).item()

    pairs = []
    for number, doc in enumerate(docs):
        others = [sentence for other, text in enumerate(docs) if other != number for sentence in text]
        for a, following in zip(doc, doc[1:], strict=False):
            label = draw(2)
            pairs.append([a, following if label else others[draw(len(others))], label])
    return pairs


def mlm_loss(logits, labels):
    chosen = labels != -100
    total = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100, reduction="sum")
    return total / max(int(chosen.sum()), 1)


def pack_pair(a, b, cls, sep, pad, max_len):
    a, b = list(a), list(b)
    for _ in range(len(a) + len(b) - (max_len - 3)):
        del (a if len(a) > len(b) else b)[-1]
    first, second = [cls, *a, sep], [*b, sep]
    n = len(first) + len(second)
    ids = torch.full((max_len,), pad, dtype=torch.int64)
    ids[:n] = torch.tensor(first + second)
    place = torch.arange(max_len)
    return {"mask": place < n, "segments": ((place >= len(first)) & (place < n)).long(), "ids": ids}
