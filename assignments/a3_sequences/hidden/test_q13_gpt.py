"""Question 13: GPT. The weights are the student's own, so the model is judged by what must hold for any weights. Loss
and filters are compared with NumPy, drawn tokens with exact probabilities in bands of six standard errors.
"""

import itertools

import numpy as np
import pytest
import torch

from grader.testing import array, close, number, require, same, unpack

pytestmark = pytest.mark.question("q13")

DRAWS = 5000
BY_HAND = (
    "torch.nn.functional.scaled_dot_product_attention",
    "torch.nn.functional.multi_head_attention_forward",
    "torch.nn.MultiheadAttention",
    "torch.nn.Transformer",
    "torch.nn.TransformerEncoderLayer",
    "torch.nn.TransformerDecoderLayer",
    "torch.nn.RNNBase",
)


def log_softmax(L):
    L = L - L.max(axis=-1, keepdims=True)
    return L - np.log(np.exp(L).sum(axis=-1, keepdims=True))


def tensor(values, dtype=torch.float64):
    return torch.tensor(np.asarray(values), dtype=dtype)


def ids_of(rng, *shape, vocab):
    return torch.tensor(rng.integers(0, vocab, size=shape))


def logits_of(model, ids, vocab):
    """The student's logits as an array."""
    require(callable(model), "GPT(...) is no module that can be called.")
    return array(model(ids), shape=(*ids.shape, vocab), dtype="float", what="the logits")


def placed(nb, device, *sizes):
    """A GPT where its inputs are."""
    return nb.GPT(*sizes).to(device)


def generator_beside(nb, tensor, seed):
    """A generator where the draws are made."""
    return torch.Generator(tensor.device).manual_seed(seed)


def ask_loss(student, logits, ids):
    answer = student.lm_loss(tensor(logits), torch.tensor(ids))
    require(torch.is_tensor(answer), "lm_loss must return a torch tensor.")
    return number(answer, what="lm_loss")


def written(student, model, idx, n, *, temperature=1.0, top_k=None, top_p=None, seed=0, use_cache=False, vocab):
    """The text of one call of generate, checked: the prompt, then n tokens of the vocabulary."""
    generator = student.run(generator_beside, idx, seed)
    text = student.generate(model, idx, n, temperature, top_k, top_p, generator, use_cache)
    text = array(text, shape=(idx.shape[0], idx.shape[1] + n), dtype="int", what="the text")
    same(text[:, : idx.shape[1]], idx.numpy(), what="the beginning of the text")
    require(bool(((text >= 0) & (text < vocab)).all()), "The text holds tokens that are not in the vocabulary.")
    return text


@pytest.mark.points(
    0.5,
    hint="(B, T, vocab) logits, a scalar loss, (B, V) log-probabilities, (B, T0 + n) tokens; arguments and the global "
    "random state stay as they are, and attention is written out.",
)
def test_shapes_and_dtypes_follow_the_table_and_only_the_generator_is_used(student, rng, device):
    V, ids = 7, ids_of(rng, 3, 5, vocab=7)
    with student.forbids(*BY_HAND):
        model = student.run(placed, device, V, 12, 3, 2, 6)
        with student.pure():
            for T in (1, 5):
                logits_of(model, ids[:, :T], V)
            for dtype in (torch.float32, torch.float64):
                logits = tensor(rng.normal(size=(3, 5, V)), dtype)
                array(student.lm_loss(logits, ids), shape=(), dtype=dtype, what="lm_loss")
                limited = ({"top_k": 2}, {"top_p": 0.4}, {"temperature": 0.7, "top_k": 4, "top_p": 0.8})
                for settings in ({}, *limited, {"temperature": 0}):
                    answer = student.filter_logits(logits[:, 0], **settings)
                    array(answer, shape=(3, V), dtype=dtype, finite=False, what="filter_logits")
            for use_cache in (False, True):
                texts = [written(student, model, ids, 4, seed=s, use_cache=use_cache, vocab=V) for s in (5, 5, 6)]
                same(texts[1], texts[0], what="the text of a second call with the same generator")
            many = ids[:1].expand(60, 5).contiguous()
            texts = [written(student, model, many, 3, seed=s, vocab=V) for s in (7, 8)]
            require(not np.array_equal(*texts), "Another generator writes the very same text.")
            same(written(student, model, ids, 0, vocab=V), ids.numpy(), what="the text with no token added")


@pytest.mark.points(0.8, hint="logits[:, t] are about ids[:, t + 1]; the mean is over B (T - 1) predictions.")
def test_loss_pairs_each_position_with_the_next_token(student, rng):
    for B, T, V in [(3, 5, 7), (4, 4, 4), (1, 2, 6), (2, 9, 3)]:
        logits, ids = rng.normal(scale=2, size=(B, T, V)), rng.integers(0, V, size=(B, T))
        if T > 4:
            logits[0, 1] += 1e4
        log_p = log_softmax(logits)
        each = [-log_p[b, t, ids[b, t + 1]] for b in range(B) for t in range(T - 1)]
        factors = {"B": B, "T / (T - 1)": T / (T - 1), "T - 1": T - 1}
        close(
            ask_loss(student, logits, ids), float(np.mean(each)), what=f"lm_loss of {B} x {T} tokens", factors=factors
        )


def loss_slope(nb, logits, ids):
    logits = logits.clone().requires_grad_()
    nb.lm_loss(logits, ids).backward()
    return logits.grad


@pytest.mark.points(
    0.6, hint="Softmax minus one-hot of the next token, over B (T - 1); the last position is about nothing and gets 0."
)
def test_loss_gradient(student, rng):
    for B, T, V in [(3, 5, 7), (4, 4, 4), (1, 2, 6)]:
        logits, ids = rng.normal(scale=2, size=(B, T, V)), rng.integers(0, V, size=(B, T))
        expected = np.zeros((B, T, V))
        expected[:, :-1] = np.exp(log_softmax(logits))[:, :-1] - np.eye(V)[ids[:, 1:]]
        g = student.run(loss_slope, tensor(logits), torch.tensor(ids))
        close(g, tensor(expected / (B * (T - 1))), what="the gradient of lm_loss", factors={"B": B, "T - 1": T - 1})


def lively(nb, device, vocab, d, heads, layers, max_len, factor):
    """A GPT with noise on its weights: however it is initialised, all of it takes part and it varies what it says."""
    model = nb.GPT(vocab, d, heads, layers, max_len).to(device)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(factor * torch.randn_like(p) / (p.shape[-1] if p.dim() else 1) ** 0.5)
    return model


@pytest.mark.points(
    0.6,
    hint="Position t sees the tokens 0 to t, all of them and no others; rows of a batch know nothing of each other.",
)
def test_logits_depend_on_what_came_before_and_on_nothing_else(student, rng, device):
    for V, d, heads, layers, T in [(9, 12, 3, 2, 6), (5, 8, 2, 1, 5), (6, 4, 1, 3, 4)]:
        model = student.run(lively, device, V, d, heads, layers, T, 0.5)
        ids = ids_of(rng, 3, T, vocab=V)
        logits = logits_of(model, ids, V)
        for t in range(T):
            other = ids.clone()
            other[:, t] = (ids[:, t] + 1 + int(rng.integers(V - 1))) % V
            change = np.abs(logits_of(model, other, V) - logits).max(axis=2)  # (3, T)
            require(bool((change[:, :t] <= 1e-5).all()), "A token changes logits before its own position.")
            require(bool((change[:, t:] > 1e-7).all()), "A token leaves logits behind its position unchanged.")
        for b in range(3):
            alone = logits_of(model, ids[b : b + 1, : T - 1], V)
            what = "the logits of a row alone, one token shorter"
            close(alone[0], logits[b, : T - 1], rtol=1e-4, atol=1e-5, dtype="any", what=what)


def census(nb, V, d, heads, max_len, ids):
    """For 1, 2 and 3 layers: sizes of the parameters, and the largest gradient of each under a random loss."""
    answers = []
    for layers in (1, 2, 3):
        model = nb.GPT(V, d, heads, layers, max_len).to(ids.device)
        parameters = list(model.parameters())
        logits = model(ids)
        (logits * torch.randn_like(logits)).sum().backward()
        moved = [float("nan") if p.grad is None else float(p.grad.abs().max()) for p in parameters]
        answers.append(([p.numel() for p in parameters], moved))
    return answers


@pytest.mark.points(
    0.4,
    hint="Every layer has weights of its own, all of them registered and used; the table of positions is max_len x d.",
)
def test_every_layer_brings_parameters_and_all_of_them_learn(student, rng):
    V, d, heads, max_len = 9, 12, 3, 11
    answers = unpack(student.run(census, V, d, heads, max_len, ids_of(rng, 4, max_len, vocab=V)), 3)
    totals = []
    for answer in answers:
        sizes, moved = unpack(answer, 2)
        require(type(sizes) is list and len(sizes) > 0 and type(moved) is list, "The model has no parameters.")
        totals.append(sum(int(number(size)) for size in sizes))
        require(max_len * d in sizes, "No parameter has max_len * d numbers: is the position table learned?")
        # a bias of the keys moves all scores of a query alike, so that its gradient is rounding: no lower limit but 0
        require(all(type(g) is float and g == g for g in moved), "A parameter gets no gradient at all.")
    growth = np.diff(totals)
    require(growth[0] == growth[1] and growth[0] >= 4 * d * d, "A further layer does not bring parameters of its own.")


@pytest.mark.points(
    0.4, hint="The position table is added to the tokens: without it a single layer sees a bag of words."
)
def test_the_order_of_the_past_matters(student, rng, device):
    V, T = 9, 6
    model = student.run(lively, device, V, 12, 3, 1, T, 0.5)
    ids = torch.tensor(np.stack([rng.permutation(V)[:T] for _ in range(4)]))
    turned = ids[:, [1, 2, 0, 4, 3, 5]]
    change = np.abs(logits_of(model, ids, V) - logits_of(model, turned, V))[:, -1].max(axis=1)
    require(bool((change > 1e-6).all()), "The last logits do not change when earlier tokens change places.")


def lifted(nb, vocab, d, heads, layers, max_len, ids, lifts):
    """Logits in double precision as they are, and with a number for each position added to all features of its row."""
    model = nb.GPT(vocab, d, heads, layers, max_len).to(ids.device).double()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.5 * torch.randn_like(p) / (p.shape[-1] if p.dim() else 1) ** 0.5)
        plain = model(ids)
        tables = [p for p in model.parameters() if p.numel() == max_len * d]
        for table in tables:
            table.add_(lifts.reshape(-1, 1).to(table))
        return len(tables), plain, model(ids)


@pytest.mark.points(
    0.3,
    hint="Pre-norm: x + f(norm(x)), so that nothing but a norm ever reads x itself; a number that is added to all "
    "features of a position is carried to the last norm, which takes it away.",
)
def test_blocks_are_pre_norm(student, rng):
    for V, d, heads, layers, max_len in [(9, 12, 3, 2, 7), (6, 8, 2, 1, 5)]:
        ids, lifts = ids_of(rng, 3, max_len, vocab=V), tensor(rng.normal(size=max_len) * 3 + 5)
        tables, plain, after = unpack(student.run(lifted, V, d, heads, layers, max_len, ids, lifts), 3)
        require(number(tables) == 1, "No parameter, or more than one, has max_len * d numbers.")
        plain, after = (array(a, shape=(3, max_len, V), dtype="float", what="the logits") for a in (plain, after))
        require(bool(np.abs(plain - plain[:, :1]).max() > 1e-4), "The logits are the same at all positions.")
        require(
            bool(np.abs(plain - after).max() <= 1e-4),
            "Something reads x without a norm before it: this is no pre-norm.",
        )


def kept_by(L, temperature=1.0, top_k=None, top_p=None):
    """Log-probabilities of one row, written out; no ties allowed."""
    log_p = log_softmax(L / temperature)
    order = np.argsort(-log_p)
    order = order[: len(L) if top_k is None else top_k]
    if top_p is not None:
        p = np.exp(log_p[order])
        mass = np.cumsum(p / p.sum())
        order = order[: int(np.searchsorted(mass, top_p)) + 1]
    answer = np.full(len(L), -np.inf)
    answer[order] = log_softmax(log_p[order])
    return answer


def judge_filter(student, rng, settings, shape, what, scale=1.5):
    L = rng.normal(scale=scale, size=shape)
    expected = np.stack([kept_by(row, **settings) for row in L])
    close(student.filter_logits(tensor(L), **settings), tensor(expected), finite=False, what=what)


@pytest.mark.points(
    0.8,
    hint="Divide by the temperature first; exactly the k largest of each row stay, and then the rows sum to 1 again.",
)
def test_temperature_and_top_k(student, rng):
    for shape in [(4, 7), (5, 5), (1, 3)]:
        for temperature in (1.0, 0.3, 2.5):
            judge_filter(student, rng, {"temperature": temperature}, shape, f"temperature {temperature}")
        for k in range(1, shape[1] + 1):
            judge_filter(student, rng, {"top_k": k, "temperature": 0.8}, shape, "filter_logits with top_k")


@pytest.mark.points(
    0.8,
    hint="In falling order, the first tokens until their mass reaches top_p, the crossing one with them; what was "
    "sorted has to go back to its place; after top_k the mass is that of what is left.",
)
def test_top_p_alone_and_after_the_others(student, rng):
    for shape in [(6, 7), (5, 5), (1, 4), (40, 9)]:
        for p in (0.25, 0.5, 0.9):
            judge_filter(student, rng, {"top_p": p}, shape, "filter_logits with top_p")
            for temperature in (0.4, 2.5):
                judge_filter(student, rng, {"top_p": p, "temperature": temperature}, shape, "top_p with a temperature")
            judge_filter(student, rng, {"top_p": p, "top_k": 3}, shape, "filter_logits with top_k and top_p")


def probabilities(student, L, settings):
    """What filter_logits leaves, as probabilities; none is nan."""
    log_p = array(student.filter_logits(tensor(L), **settings), shape=L.shape, finite=False, what="filter_logits")
    with np.errstate(all="ignore"):
        return array(np.exp(log_p), dtype="float", what="the exponential of filter_logits")


@pytest.mark.points(
    0.6,
    hint="Temperature 0 is the largest logit alone; top_k may exceed the vocabulary, top_p may be 1 (nothing removed) "
    "or tiny (one is kept); equal logits and logits of 1e4 give no nan.",
)
def test_limits_of_the_filters(student, rng):
    L = rng.normal(size=(4, 6))
    p = np.exp(log_softmax(L))
    best = np.where(np.eye(6)[L.argmax(axis=1)] == 1, 0.0, -np.inf)
    certain = [{"temperature": 0}, {"temperature": 0.0, "top_p": 0.5}, {"top_p": 1e-9}, {"top_k": 1}]
    for settings in certain:
        what = f"filter_logits with {settings}, which leaves one token,"
        close(student.filter_logits(tensor(L), **settings), tensor(best), finite=False, atol=1e-9, what=what)
    for settings in ({}, {"top_k": 6}, {"top_k": 50}, {"top_p": 1.0}, {"top_k": 50, "top_p": 1.0}):
        what = f"filter_logits with {settings}, which leaves all tokens,"
        close(student.filter_logits(tensor(L), **settings), tensor(np.log(p)), what=what)
    far = L + np.array([1e4, -1e4, 0, 300])[:, None]
    far[2, 3] = 1e4
    for settings in ({"temperature": 0.5}, {"top_k": 2}, {"top_p": 0.7}):
        expected = np.exp(np.stack([kept_by(row, **settings) for row in far]))
        got = probabilities(student, far, settings)
        close(got, expected, rtol=1e-6, atol=1e-9, what="probabilities of large logits")
    flat = tensor(np.array([[0.0, -400.0, -150.0]]), torch.float32)
    got = student.filter_logits(flat, temperature=200.0)
    expected = tensor(log_softmax(np.array([[0.0, -2.0, -0.75]])), torch.float32)
    close(got, expected, finite=False, rtol=1e-5, atol=1e-5, what="logits far apart at a temperature of 200")
    tied = np.array([[2.0, 1.0, 1.0, 1.0, 0.0]])
    got = probabilities(student, tied, {"top_k": 2})[0]
    close(float(got.sum()), 1.0, what="the sum of probabilities with equal logits")
    require(got[4] == 0.0 and got[1:4].max() > 0, "Of equal logits at the border of top_k too few are kept.")
    close(float(got[1:4].max() / got[0]), float(np.exp(-1)), what="the odds of tokens with equal logits")
    got = probabilities(student, 0 * tied, {"top_p": 0.5})[0]
    close(float(got.sum()), 1.0, what="the sum of probabilities with all logits equal")
    require(np.count_nonzero(got) >= 3, "Of equal logits fewer are kept than top_p needs.")


def with_fixed_logits(nb, logits, rows, n, temperature, top_k, top_p, generator):
    """What is written when the model answers the same logits everywhere."""

    class Fixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.max_len, self.logits = 6, torch.nn.Parameter(logits)

        def forward(self, ids):
            return self.logits.expand(*ids.shape, len(logits))

    prompt = torch.zeros(rows, 2, dtype=torch.long, device=logits.device)
    return nb.generate(Fixed(), prompt, n, temperature, top_k, top_p, generator, False)


@pytest.mark.points(
    0.6, hint="Every row draws for itself, from the filtered probabilities of the last position and with the generator."
)
def test_tokens_are_drawn_as_often_as_their_probability_says(student, rng):
    L = rng.permutation(np.log([0.4, 0.25, 0.2, 0.1, 0.05]))
    for temperature, top_k, top_p in [(1.0, None, None), (0.7, None, None), (1.5, 3, None), (1.0, None, 0.6)]:
        p = np.exp(kept_by(L, temperature, top_k, top_p))
        logits, seed = tensor(L, torch.float32), int(rng.integers(1 << 30))
        args = (logits, DRAWS, 2, temperature, top_k, top_p, student.run(generator_beside, logits, seed))
        text = array(student.run(with_fixed_logits, *args), shape=(DRAWS, 4), dtype="int", what="the text")
        first, second = text[:, 2], text[:, 3]
        require(bool(((text >= 0) & (text < 5)).all()), "The text holds tokens that are not in the vocabulary.")
        pairs = np.zeros((5, 5))
        np.add.at(pairs, (first, second), 1)
        for counts, q in ((pairs.sum(1), p), (pairs.sum(0), p), (pairs, np.outer(p, p))):
            band = 6 * np.sqrt(DRAWS * q * (1 - q))
            fair = bool((np.abs(counts - DRAWS * q) <= band).all())
            require(fair, "Tokens are not drawn with the filtered probabilities.")
        repeats, expected = np.mean(first[1:] == first[:-1]), float((p**2).sum())
        near = abs(repeats - expected) <= 6 / np.sqrt(DRAWS)
        require(near, "Rows of a batch are not drawn independently.")


def spied(nb, idx, n, max_len, training, generator):
    """Contexts that a spy was shown, its mode and whether gradients were on; the text; its mode before and after.

    The spy answers with certainty: the sum of what it sees, weighted by position, modulo 7.
    """
    seen = []

    class Spy(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.max_len, self.weight = max_len, torch.nn.Parameter(torch.ones(()))

        def forward(self, ids):
            seen.append((ids.clone(), self.training, torch.is_grad_enabled()))
            place = torch.arange(1, ids.shape[1] + 1, device=ids.device)
            answer = torch.cumsum(ids * place, dim=1) % 7
            return 90.0 * self.weight * torch.nn.functional.one_hot(answer, 7).float()

    spy = Spy().train(training)
    text = nb.generate(spy, idx, n, 1.0, None, None, generator, False)
    return [list(call) for call in seen], text, spy.training


@pytest.mark.points(
    0.6,
    hint="The model sees the last max_len tokens of the whole text, in eval mode and without gradients; its mode is "
    "put back; the answer begins with the prompt.",
)
def test_the_model_is_shown_the_last_tokens_in_eval_mode(student, rng):
    for T0, n, max_len, training in [(3, 9, 5, True), (2, 3, 8, False), (6, 4, 4, True), (1, 5, 1, False)]:
        idx = ids_of(rng, 2, T0, vocab=7)
        generator = student.run(generator_beside, idx, int(rng.integers(1 << 30)))
        seen, text, after = unpack(student.run(spied, idx, n, max_len, training, generator), 3)
        expected = idx.numpy()
        for _ in range(n):
            context = expected[:, -max_len:]
            token = (context * np.arange(1, context.shape[1] + 1)).sum(axis=1) % 7
            expected = np.concatenate([expected, token[:, None]], axis=1)
        same(text, torch.tensor(expected), what="the text")
        require(after is training, "The model is not in the mode in which generate found it.")
        require(type(seen) is list and len(seen) >= n, "The model is asked less than once a token.")
        for call in seen:
            ids, mode, gradients = unpack(call, 3)
            ids = array(ids, shape=(2, None), dtype="int", what="what the model is shown")
            require(ids.shape[1] <= max_len, "The model is shown more than max_len tokens.")
            require(mode is False, "The model is in training mode while it writes.")
            require(gradients is False, "Gradients are kept while the model writes.")


def judge_greedy(model, text, T0, max_len, vocab, what):
    """Every token after the prompt is one that the student's own model finds likeliest; rounding may decide a draw."""
    for length in range(T0, text.shape[1]):
        logits = logits_of(model, torch.tensor(text[:, max(0, length - max_len) : length]), vocab)[:, -1]
        behind = logits.max(axis=1) - logits[np.arange(len(text)), text[:, length]]
        require(bool((behind <= 1e-4 * (1 + np.abs(logits).max())).all()), f"{what} a token is not the likeliest one.")


@pytest.mark.points(
    0.8,
    hint="With the cache the new token is fed alone: its position is the number of tokens cached, it sees all of them, "
    "each call of generate begins with an empty cache, and beyond max_len all positions change.",
)
def test_the_cache_changes_speed_and_nothing_else(student, rng, device):
    V, max_len = 11, 14
    model = student.run(lively, device, V, 16, 4, 3, max_len, 2.0)
    for B, T0, n in [(3, 3, 11), (3, 2, 4), (1, 1, 6), (4, 10, 12), (2, 14, 3), (2, 17, 3)]:
        for use_cache in (False, True):
            idx = ids_of(rng, B, T0, vocab=V)
            text = written(student, model, idx, n, temperature=0, use_cache=use_cache, vocab=V)
            what = f"{'With' if use_cache else 'Without'} the cache, at temperature 0,"
            judge_greedy(model, text, T0, max_len, V, what)
    model = student.run(lively, device, 3, 8, 2, 2, 9, 1.0)
    prompt = ids_of(rng, 1, 2, vocab=3)
    crowd, seed = prompt.expand(DRAWS, 2).contiguous(), int(rng.integers(1 << 30))
    text = written(student, model, crowd, 3, temperature=1.3, seed=seed, use_cache=True, vocab=3)
    for row in itertools.product(range(3), repeat=3):
        context = torch.cat([prompt, torch.tensor([row])], dim=1)
        log_p = log_softmax(logits_of(model, context, 3)[0].astype(float) / 1.3)
        p = float(np.exp(sum(log_p[1 + i, token] for i, token in enumerate(row))))
        count = np.count_nonzero((text[:, 2:] == np.array(row)).all(axis=1))
        fair = (
            abs(count - DRAWS * p) <= 6 * np.sqrt(DRAWS * p) + 8
        )  # the 8 for texts so rare that counts are not normal
        require(fair, "With the cache, texts are not drawn as often as the model says.")


def work(nb, idx, n, seed):
    """Floating-point operations of the matrix products in one call without and one with the cache."""
    from torch.utils.flop_counter import FlopCounterMode

    model, counts = nb.GPT(11, 32, 4, 2, 64).to(idx.device), []
    for use_cache in (False, True):
        with FlopCounterMode(display=False) as counter:
            generator = torch.Generator(idx.device).manual_seed(seed)
            nb.generate(model, idx, n, 1.0, None, None, generator, use_cache)
        counts.append(counter.get_total_flops())
    return counts


@pytest.mark.points(0.2, hint="With the cache each step computes one position, not all of them again.")
def test_the_cache_saves_work(student, rng):
    plain, cached = unpack(student.run(work, ids_of(rng, 2, 4, vocab=11), 40, 1), 2)
    plain, cached = number(plain), number(cached)
    require(0 < cached <= 0.5 * plain, "With the cache there are hardly fewer multiplications than without.")
