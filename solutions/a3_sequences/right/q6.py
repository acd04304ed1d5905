"""Right solutions of question 6 that look different from the reference."""

# %% one_hot_and_heaps | why: explicit target distributions, logsumexp, a heap for the candidates, tensors for the totals
import heapq


def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    V = logits.size(-1)
    q = F.one_hot(targets, V).to(logits.dtype) * (1 - label_smoothing) + label_smoothing / V
    words = targets.ne(pad_id)
    log_p = logits - torch.logsumexp(logits, dim=-1, keepdim=True)
    if not words.any():
        return (logits * 0).sum()
    return -(q[words] * log_p[words]).sum(-1).mean()


def perplexity(total_nll, n_tokens):
    return np.exp(np.float64(total_nll) / n_tokens)


def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    done, alive = [], [([bos], 0.0)]
    while alive and len(alive[0][0]) <= max_len:
        rows = step([list(tokens) for tokens, _ in alive])
        options = (
            (tokens + [v], total + rows[i][v].item())
            for i, (tokens, total) in enumerate(alive)
            for v in range(rows.size(1))
            if rows[i][v] > -math.inf
        )
        alive = []
        for tokens, total in heapq.nlargest(beam, options, key=lambda option: option[1]):
            (done if tokens[-1] == eos else alive).append((tokens, total))
    ranked = sorted(((total / float(len(t) - 1) ** alpha, t) for t, total in done + alive), reverse=True)
    return ranked[0][1], ranked[0][0]


# %% topk_of_the_table | why: torch.topk over the flattened table of totals, a class for hypotheses, a loop over words in the loss
from dataclasses import dataclass


@dataclass
class _Hypothesis:
    tokens: tuple
    total: float

    def score(self, alpha):
        return self.total * (len(self.tokens) - 1) ** -alpha


def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    total, count = logits.sum() * 0, 0
    log_p = torch.log_softmax(logits, -1)
    for b in range(targets.shape[0]):
        for t in range(targets.shape[1]):
            word = int(targets[b, t])
            if word != pad_id:
                row = log_p[b, t]
                total = total - (1 - label_smoothing) * row[word] - label_smoothing * row.sum() / len(row)
                count += 1
    return total / max(count, 1)


def perplexity(total_nll, n_tokens):
    return math.e ** (total_nll / n_tokens)


def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    alive, best = [_Hypothesis((bos,), 0.0)], None
    for length in range(1, max_len + 1):
        totals = torch.tensor([h.total for h in alive], dtype=torch.float64)
        table = totals[:, None] + step([list(h.tokens) for h in alive]).double().cpu()
        values, places = table.flatten().topk(min(beam, table.numel()))
        grown = []
        for value, place in zip(values.tolist(), places.tolist(), strict=True):
            i, word = divmod(place, table.shape[1])
            if value > -math.inf:
                grown.append(_Hypothesis((*alive[i].tokens, word), value))
        alive = [h for h in grown if h.tokens[-1] != eos]
        candidates = grown if length == max_len else [h for h in grown if h.tokens[-1] == eos]
        for h in candidates:
            if best is None or h.score(alpha) > best.score(alpha):
                best = h
        if not alive:
            break
    return list(best.tokens), best.score(alpha)


# %% scores_in_tensors | why: targets gathered, a beam in a heap of tuples, a score that stays a Python float, the loss of the selected rows alone
import heapq


def masked_cross_entropy(logits, targets, pad_id, label_smoothing=0.0):
    there = targets.ne(pad_id)
    logp = logits[there].log_softmax(dim=-1)
    if not there.any():
        return logits.sum() * 0
    hit = logp.gather(1, targets[there].long()[:, None]).sum()
    return -((1 - label_smoothing) * hit + label_smoothing * logp.mean(dim=1).sum()) / there.sum()


def perplexity(total_nll, n_tokens):
    return np.exp(total_nll / n_tokens)


def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    alive, finished = [(0.0, [bos])], []
    for _ in range(max_len):
        if not alive:
            break
        table = step([tokens for _, tokens in alive]).tolist()
        options = (
            (total + float(logp), row, token)
            for row, (total, _) in enumerate(alive)
            for token, logp in enumerate(table[row])
            if logp > -math.inf
        )
        best = heapq.nlargest(beam, options, key=lambda option: option[0])
        extended = [(total, [*alive[row][1], token]) for total, row, token in best]
        finished += [one for one in extended if one[1][-1] == eos]
        alive = [one for one in extended if one[1][-1] != eos]
    scored = [(total / (len(tokens) - 1) ** alpha, tokens) for total, tokens in finished + alive]
    score, tokens = max(scored, key=lambda pair: pair[0])
    return tokens, score


# %% sorted_dataclass | why: ordered dataclasses in falling order, so that of equal sums the larger tokens come first
from dataclasses import dataclass


@dataclass(order=True, frozen=True)
class _Beginning:
    logp: float
    tokens: tuple

    def score(self, alpha):
        return self.logp / (len(self.tokens) - 1) ** alpha


def beam_search(step, bos, eos, beam, max_len, alpha=0.0):
    alive, finished = [_Beginning(0.0, (bos,))], []
    for _ in range(max_len):
        rows = step([list(each.tokens) for each in alive])
        longer = [
            _Beginning(each.logp + float(log_p), (*each.tokens, word))
            for each, row in zip(alive, rows, strict=True)
            for word, log_p in enumerate(row)
        ]
        longer = sorted((each for each in longer if each.logp > -math.inf), reverse=True)[:beam]
        finished += [each for each in longer if each.tokens[-1] == eos]
        alive = [each for each in longer if each.tokens[-1] != eos]
        if not alive:
            break
    best = max(finished + alive, key=lambda each: each.score(alpha))
    return list(best.tokens), best.score(alpha)
