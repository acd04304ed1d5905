"""Question 11: the encoder-decoder transformer.

How a student names and stacks the parts is free, so what is tested are laws that hold for any weights: who may see
whom, what padding may change, what a residual path carries through, which inputs the first layer cannot tell apart.
The weights are made large (and double precision) so that nothing is lost in small numbers.
"""

import numpy as np
import pytest
import torch

from grader.testing import Mismatch, array, close, formed, number, require, same, unpack

pytestmark = pytest.mark.question("q11")

READY_MADE = (
    "torch.nn.Transformer",
    "torch.nn.TransformerEncoder",
    "torch.nn.TransformerEncoderLayer",
    "torch.nn.TransformerDecoder",
    "torch.nn.TransformerDecoderLayer",
    "torch.nn.MultiheadAttention",
    "torch.nn.functional.multi_head_attention_forward",
    "torch.nn.functional.scaled_dot_product_attention",
    "aten::*scaled_dot_product*",
)
V_SRC, V_TGT, D, HEADS, D_FF, MAX_LEN = 11, 13, 8, 2, 12, 15
PAD, BOS = 0, 1


def prepare(nb, model, seed, device, forbidden, v_tgt):
    """Double precision and large weights; the logits of `forbidden` tokens are far below the others."""
    generator = torch.Generator().manual_seed(seed)
    model.to(device).double()
    with torch.no_grad():
        for p in model.parameters():
            drawn = torch.randn(p.shape, generator=generator, dtype=torch.float64).to(device)
            if p.dim() > 1:
                p.copy_(2.0 * drawn / p.shape[-1] ** 0.5)
            else:
                p.add_(0.3 * drawn)
                if tuple(p.shape) == (v_tgt,):
                    p[forbidden] = -100.0


def made(student, rng, device, layers=2, pad=PAD, forbidden=()):
    """A transformer of the student's with large weights, held in the sandbox."""
    model = student.Seq2SeqTransformer(V_SRC, V_TGT, D, HEADS, layers, D_FF, pad, MAX_LEN)
    student.run(prepare, model, int(rng.integers(1 << 30)), device, list(forbidden), V_TGT)
    return model


def ids(rng, vocabulary, *shape, pad=PAD):
    """Tokens, none of them padding or bos."""
    drawn = torch.tensor(rng.integers(2, vocabulary, size=shape))
    return torch.where(drawn == pad, torch.tensor(vocabulary - 1), drawn)


def logits_of(model, src, tgt):
    """The student's logits, checked for their kind, as a tensor."""
    shape = (len(src), tgt.shape[1], V_TGT)
    return torch.tensor(array(model(src, tgt), shape=shape, dtype="float", what="the logits"))


def far(a, b):
    return float((a - b).abs().max())


def parameters_of(layers, v_src=V_SRC, v_tgt=V_TGT, d=D, d_ff=D_FF):
    m, f, n = 4 * d * d + 4 * d, 2 * d * d_ff + d_ff + d, 2 * d
    encoder, decoder = m + f + 2 * n, 2 * m + f + 3 * n
    return (v_src + v_tgt) * d + layers * (encoder + decoder) + 2 * n + v_tgt * (d + 1), encoder, decoder


def positions(T, d):
    p, i = torch.arange(T, dtype=torch.float64)[:, None], torch.arange(0, d, 2, dtype=torch.float64)
    angle = p / 10000.0 ** (i / d)
    return torch.stack([angle.sin(), angle.cos()], dim=2).view(T, d)


@pytest.mark.points(
    0.6,
    hint="logits (B, T, v_tgt) for S and T up to max_len; greedy_decode gives int64 (B, n) with n <= max_new + 1; the "
    "layers keep the shape of x; inputs stay as they are.",
)
def test_logits_and_layers_follow_the_table_and_arguments_stay(student, rng, device):
    src, tgt = ids(rng, V_SRC, 3, 5), ids(rng, V_TGT, 3, 4)
    src[1, 3:] = PAD
    with student.forbids(*READY_MADE):
        model = student.Seq2SeqTransformer(V_SRC, V_TGT, D, HEADS, 2, D_FF, PAD, MAX_LEN)
        model.to(device)
        array(model(src, tgt), shape=(3, 4, V_TGT), dtype=torch.float32, what="the logits")
    for S, T in ((MAX_LEN, MAX_LEN), (1, 1), (3, 6)):
        logits = model(ids(rng, V_SRC, 2, S), ids(rng, V_TGT, 2, T))
        array(logits, shape=(2, T, V_TGT), dtype=torch.float32, what=f"the logits for S = {S} and T = {T}")
    x, memory = (torch.tensor(rng.normal(size=(2, n, D))).float() for n in (4, 5))
    encoder, decoder = student.EncoderLayer(D, HEADS, D_FF), student.DecoderLayer(D, HEADS, D_FF)
    encoder.to(device)
    decoder.to(device)
    mask = torch.ones(4, 4, dtype=torch.bool).tril()
    with student.pure():
        model(src, tgt)
        written = array(model.greedy_decode(src, BOS, 2, 6), shape=(3, None), dtype=torch.int64, what="greedy_decode")
        require(1 <= written.shape[1] <= 7, "greedy_decode returns at most max_new + 1 tokens, bos among them")
        require(bool((written[:, 0] == BOS).all()), "every row of greedy_decode begins with bos")
        array(student.shift_right(tgt, BOS), shape=(3, 4), dtype=torch.int64, what="shift_right")
        for answer in (encoder(x), encoder(x, mask), decoder(x, memory), decoder(x, memory, mask)):
            array(answer, shape=(2, 4, D), dtype=torch.float32, what="the result of a layer")


@pytest.mark.points(0.45, hint="The first column is bos, then come all columns but the last; tgt itself stays.")
def test_shift_right(student, rng):
    for B, T, bos in ((3, 5, 1), (1, 1, 4), (4, 4, 0), (2, 7, 9)):
        tgt = ids(rng, V_TGT, B, T)
        expected = torch.tensor([[bos, *row[:-1]] for row in tgt.tolist()])
        with student.pure():
            same(student.shift_right(tgt, bos), expected, what="shift_right")


def count(nb, name, sizes):
    """Number of parameters, each counted once."""
    return sum(p.numel() for p in getattr(nb, name)(*sizes).parameters())


@pytest.mark.points(
    0.7,
    hint="Count with the formula of the text: [layer] * n is one layer, a plain list hides its modules from "
    "parameters(), and every sublayer has its own norm.",
)
def test_number_of_parameters_of_the_transformer(student):
    for d, heads, d_ff in ((8, 2, 12), (6, 3, 10)):
        _, encoder, decoder = parameters_of(1, d=d, d_ff=d_ff)
        same(student.run(count, "EncoderLayer", [d, heads, d_ff]), encoder, what="the parameters of EncoderLayer")
        same(student.run(count, "DecoderLayer", [d, heads, d_ff]), decoder, what="the parameters of DecoderLayer")
        for layers in (1, 2, 3):
            whole, *_ = parameters_of(layers, 7, 9, d, d_ff)
            sizes = [7, 9, d, heads, layers, d_ff, 0, 10]
            answer = student.run(count, "Seq2SeqTransformer", sizes)
            same(answer, whole, what=f"the number of parameters with {layers} layers")


def set_tables(nb, model, table):
    """Write `table` into every parameter of its shape; how many there are."""
    tables = [p for p in model.parameters() if p.shape == table.shape]
    with torch.no_grad():
        for p in tables:
            p.copy_(table)
    return len(tables)


def retold(rng, vocabulary, order, last=0):
    """Two sequences of tokens and an embedding table with which they put the same vectors in another order.

    Token u at place i and token t at place order[i] have the same sqrt(d) e + positions. The `last` tokens agree.
    """
    n = len(order)
    table, place = torch.tensor(rng.normal(size=(vocabulary, D))) / D**0.5, positions(n + last, D)
    first, second = list(range(2, 2 + n)), list(range(2 + n, 2 + 2 * n))
    for i, j in enumerate(order):
        table[second[i]] = table[first[j]] + (place[j] - place[i]) / D**0.5
    ending = [1] * last
    return torch.tensor([first + ending]), torch.tensor([second + ending]), table


@pytest.mark.points(
    1.0,
    hint="What the first layer gets is embedding * sqrt(d) + position, for source and target alike: it is added "
    "once, after scaling, and counted from 0.",
)
def test_inputs_are_scaled_embeddings_plus_positions(student, rng, device):
    model = made(student, rng, device)
    src, other, table = retold(rng, V_SRC, [2, 0, 3, 1])
    require(number(student.run(set_tables, model, table)) >= 1, "there is no embedding of shape (v_src, d)")
    tgt = ids(rng, V_TGT, 1, 5)
    logits = logits_of(model, src, tgt)
    text = "the logits for a source whose tokens and places make up for each other"
    close(logits_of(model, other, tgt), logits, rtol=1e-4, atol=1e-4, what=text)
    require(far(logits_of(model, src[:, [2, 0, 3, 1]], tgt), logits) > 1e-2, "the order of the source does not matter")
    model = made(student, rng, device, layers=1)
    tgt, other, table = retold(rng, V_TGT, [2, 0, 3, 1], last=1)
    require(number(student.run(set_tables, model, table)) >= 1, "there is no embedding of shape (v_tgt, d)")
    src = ids(rng, V_SRC, 1, 6)
    logits = logits_of(model, src, tgt)[:, -1]
    text = "the last logits for a target whose tokens and places make up for each other"
    close(logits_of(model, src, other)[:, -1], logits, rtol=1e-4, atol=1e-4, what=text)
    turned = logits_of(model, src, tgt[:, [2, 0, 3, 1, 4]])[:, -1]
    require(far(turned, logits) > 1e-2, "the order of the target does not matter")


def follow(nb, model, src, bos, n):
    """The n likeliest tokens of forward for each row alone, each chosen on the row's own prefix."""
    rows = []
    with torch.no_grad():
        for row in src:
            written = torch.full((1, 1), bos, dtype=torch.long, device=src.device)
            for _ in range(n):
                token = model(row[None], written)[0, -1].argmax()
                written = torch.cat([written, token.view(1, 1)], dim=1)
            rows.append(written[0, 1:].cpu().tolist())
    return rows


def followed(student, model, src, n, bos=BOS):
    """What `follow` says, checked for its kind: an array (B, n)."""
    rows = unpack(student.run(follow, model, src, bos, n), len(src), what="the likeliest tokens")
    formed(rows, [(int,) * n], what="the likeliest tokens")
    return np.array([[int(number(token)) for token in row] for row in rows])


def judge_writing(answer, paths, eos, what, bos=BOS, pad=PAD):
    """A row is bos, then its path up to eos, then padding; trailing columns of padding are free."""
    n = paths.shape[1]
    written = array(answer, shape=(len(paths), None), dtype="int", what=what)
    require(written.shape[1] <= n + 1, f"{what} writes more than max_new tokens")
    whole = np.full((len(paths), n + 1), pad)
    whole[:, : written.shape[1]] = written
    expected = np.full((len(paths), n + 1), pad)
    expected[:, 0] = bos
    for row, path in zip(expected, paths.tolist(), strict=True):
        length = path.index(eos) + 1 if eos in path else n
        row[1 : length + 1] = path[:length]
    same(whole, expected, what=what)


def padded_source(rng, lengths, pad=PAD):
    src = ids(rng, V_SRC, len(lengths), max(lengths), pad=pad)
    for row, length in zip(src, lengths, strict=True):
        row[length:] = pad
    return src


@pytest.mark.points(
    0.9,
    hint="Each token is the argmax of the last logits of forward on what the row holds so far, bos included, max_new "
    "times.",
)
def test_greedy_decoding_of_the_transformer_follows_forward(student, rng, device):
    for number_, (lengths, n) in enumerate(
        (((9, 1, 2, 3), 7), ((8, 1, 2, 1), 6), ((4,), 1), ((1, 4), 5), ((2, 3), MAX_LEN))
    ):
        pad, bos, eos = ((0, 1, 2), (5, 0, 3))[number_ % 2]
        src = padded_source(rng, lengths, pad)
        model = made(student, rng, device, pad=pad, forbidden=(pad, bos, eos))
        paths = followed(student, model, src, n, bos)
        answer = model.greedy_decode(src, bos, eos, n)  # eos is never the likeliest here
        judge_writing(answer, paths, eos, "greedy_decode without an eos", bos, pad)
        array(answer, shape=(len(src), n + 1), what="greedy_decode without an eos")


def early(paths):
    """A token that some rows write before the end, at different places, and another row later or never; or None."""
    best = None
    for token in set(paths.ravel().tolist()):
        ends = [row.index(token) if token in row else len(row) for row in paths.tolist()]
        if min(ends) < paths.shape[1] - 2 and len(set(ends)) > (best or (1,))[0]:
            best = len(set(ends)), token
    return best and best[1]


@pytest.mark.points(
    0.45,
    hint="A row that wrote its eos holds pad_id from there on; the others go on as if it were not there, until all are "
    "finished.",
)
def test_a_finished_row_neither_writes_nor_stops_the_others(student, rng, device):
    seen = 0
    for _ in range(12):
        pad, bos = ((0, 1), (4, 2))[seen]
        src = padded_source(rng, (5, 3, 6, 2, 4), pad)
        model = made(student, rng, device, pad=pad, forbidden=(pad, bos))
        paths = followed(student, model, src, 7, bos)
        eos = early(paths)
        if eos is None:
            continue
        what = "greedy_decode with rows that end early"
        ends = [row.index(eos) if eos in row else len(row) for row in paths.tolist()]
        order = np.argsort(ends)[:: (1, -1)[seen]].copy()  # the row that ends first comes first, and then comes last
        judge_writing(model.greedy_decode(src[order], bos, eos, 7), paths[order], eos, what, bos, pad)
        first = int(paths[0, 1])  # a single row: everything is finished early
        what = "greedy_decode of one row"
        judge_writing(model.greedy_decode(src[:1], bos, first, 7), paths[:1], first, what, bos, pad)
        seen += 1
        if seen == 2:
            return
    raise Mismatch("greedy decoding writes the same tokens whatever the weights and the source are")


def derivatives(nb, model, src, tgt, cotangent, seed, h):
    """Gradients of sum(cotangent * logits); and for three directions the loss on both sides, and the slope."""
    for p in model.parameters():
        p.grad = None
    (cotangent * model(src, tgt)).sum().backward()
    parameters = list(model.parameters())
    grads, sides = [p.grad for p in parameters], []
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _ in range(3):
            way = [torch.randn(p.shape, generator=generator, dtype=p.dtype).to(p.device) for p in parameters]
            losses = []
            for step in (h, -2.0 * h):
                for p, d in zip(parameters, way, strict=True):
                    p.add_(step * d)
                losses.append(float((cotangent * model(src, tgt)).sum()))
            for p, d in zip(parameters, way, strict=True):
                p.add_(h * d)
            slope = sum(float((g * d).sum()) for g, d in zip(grads, way, strict=True) if g is not None)
            sides.append([*losses, slope])
    return grads, sides


@pytest.mark.points(
    1.0,
    hint="Every parameter takes part: a norm or projection that is made must be used, and nothing between the source "
    "and the logits is detached.",
)
def test_every_parameter_of_the_transformer_gets_its_gradient(student, rng, device):
    model = made(student, rng, device)
    src, tgt = padded_source(rng, (5, 4)), ids(rng, V_TGT, 2, 6)
    cotangent, h = torch.tensor(rng.normal(size=(2, 6, V_TGT))), 1e-7
    answer = student.run(derivatives, model, src, tgt, cotangent, int(rng.integers(1 << 30)), h)
    grads, sides = unpack(answer, 2, what="the gradients")
    total = parameters_of(2)[0]
    require(type(grads) is list and len(grads) > 0, "the model has no parameters")
    require(all(g is not None for g in grads), "a parameter has no gradient: it takes no part in the logits")
    grads = [array(g, dtype="float", what="a gradient") for g in grads]
    require(sum(g.size for g in grads) == total, "the model has another number of parameters than the text says")
    wide = [float(np.abs(g).max()) for g in grads if g.ndim > 1]
    require(len(wide) > 0 and min(wide) > 1e-8, "the gradient of a weight matrix is 0")
    agreed = 0
    for side in unpack(sides, 3, what="the losses"):  # a direction may cross the kink of a ReLU: two of three decide
        above, below, slope = (number(value, what="a loss") for value in unpack(side, 3, what="the losses"))
        agreed += abs((above - below) / (2 * h) - slope) <= 1e-4 * (1.0 + abs(slope))
    require(agreed >= 2, "the gradients are not the slopes of the logits: something on the way is detached")
    # what is so large that positions and sublayers vanish beside it is brought back to its size by the last norms
    words, heard = torch.tensor(rng.normal(size=(V_TGT, D))), torch.tensor(rng.normal(size=(V_SRC, D)))
    for stack, tables in (
        ("encoder", [(1e3 * words, size * heard, 1.0) for size in (1e3, 2e3)]),
        ("decoder", [(size * words, heard, size) for size in (1e6, 2e6)]),  # the map to logits has the shape of words
    ):
        model, logits = made(student, rng, device), []
        for target, source, grown in tables:
            student.run(set_tables, model, target)
            student.run(set_tables, model, source)
            logits.append(logits_of(model, src, tgt) / grown)
        gap = far(*logits) / (1e-3 + float(logits[0].abs().max()))
        require(gap <= 1e-3, f"behind the last layer of the {stack} there is no layer norm that works")


@pytest.mark.points(1.0, hint="Logits at place t depend on the target up to and including t, and on nothing after it.")
def test_later_target_tokens_change_no_earlier_logits(student, rng, device):
    model = made(student, rng, device)
    src, tgt = padded_source(rng, (5, 6, 4)), ids(rng, V_TGT, 3, 6)
    logits = logits_of(model, src, tgt)
    for t in range(6):
        other = tgt.clone()
        other[:, t:] = 2 + (other[:, t:] - 2 + 1 + ids(rng, 7, 3, 6 - t)) % (V_TGT - 2)
        changed = logits_of(model, src, other)
        require(far(changed[:, :t], logits[:, :t]) <= 1e-9 if t else True, "earlier logits see a later target token")
        require(far(changed[:, t], logits[:, t]) > 1e-4, "logits do not depend on the token at their own place")
        shorter = logits_of(model, src, tgt[:, : t + 1])
        require(far(shorter, logits[:, : t + 1]) <= 1e-9, "a longer target changes the logits before")


def repaint(nb, model, shape, row, values):
    """Give the padding token another embedding, in every table of that shape."""
    with torch.no_grad():
        for p in model.parameters():
            if list(p.shape) == list(shape):
                p[row] = values


@pytest.mark.points(
    1.4,
    hint="Padding in the source is never a key: not in the encoder, not in cross-attention. More of it, or another "
    "embedding for it, changes no logit.",
)
def test_source_padding_changes_nothing(student, rng, device):
    for pad, T in ((0, 4), (3, 7), (0, 7)):
        model = made(student, rng, device, pad=pad)
        src, tgt = ids(rng, V_SRC, 4, 7), ids(rng, V_TGT, 4, T)
        src[src == pad] = 5
        lengths = (3, 7, 5, 1)
        for row, length in zip(src, lengths, strict=True):
            row[length:] = pad
        logits = logits_of(model, src, tgt)
        for row, length in enumerate(lengths):
            alone = logits_of(model, src[row : row + 1, :length], tgt[row : row + 1])
            require(far(alone[0], logits[row]) <= 1e-8, "a source alone has other logits than beside a longer one")
        wider = torch.cat([src, torch.full((4, 5), pad)], dim=1)
        require(far(logits_of(model, wider, tgt), logits) <= 1e-8, "more padding changes the logits")
        gap = src.clone()
        gap[1, 2] = pad
        before = logits_of(model, gap, tgt)
        student.run(repaint, model, [V_SRC, D], pad, torch.tensor(3.0 * rng.normal(size=D)))
        require(far(logits_of(model, src, tgt), logits) <= 1e-8, "the embedding of the padding token matters")
        require(far(logits_of(model, gap, tgt), before) <= 1e-8, "the embedding of padding within a source matters")
        nothing = src.clone()
        nothing[2] = pad
        after = logits_of(model, nothing, tgt)
        require(far(after[[0, 1, 3]], logits[[0, 1, 3]]) <= 1e-8, "a source of padding alone changes other rows")


@pytest.mark.points(
    0.15,
    hint="Self-attention of the target is causal and nothing else: there pad_id is a token.",
)
def test_in_the_target_the_padding_token_is_a_token(student, rng, device):
    for pad in (0, 4):
        model = made(student, rng, device, pad=pad)
        src, tgt = padded_source(rng, (5, 6), pad), ids(rng, V_TGT, 2, 5, pad=pad)
        tgt[:, 1] = pad
        others = [token for token in range(V_TGT) if token != pad]  # the map to logits has a row for pad_id, too
        logits = logits_of(model, src, tgt)[..., others]
        student.run(repaint, model, [V_TGT, D], pad, torch.tensor(3.0 * rng.normal(size=D)))
        changed = logits_of(model, src, tgt)[..., others]
        require(far(changed[:, :1], logits[:, :1]) <= 1e-9, "earlier logits see a later target token")
        seen = (changed - logits)[:, 2:].abs().amax(dim=(0, 2))
        require(float(seen.min()) > 1e-4, "the padding token is masked in the target's self-attention")


def moved(nb, model):
    """What happens when a model is moved to a device without memory: nothing, or the error of a table left behind."""
    model.to("meta")
    src, tgt = (torch.zeros(2, n, dtype=torch.long, device="meta") for n in (5, 4))
    try:
        model(src, tgt)
    except Exception as error:  # noqa: BLE001 - what student code raises is its own
        says = str(error)
        return "expected device" in says or "same device" in says
    return False


@pytest.mark.points(0.1, hint="register_buffer: the table of positions goes where the model goes.")
def test_the_table_of_positions_follows_the_model(student, rng, device):
    model = made(student, rng, device)
    src, tgt = padded_source(rng, (5, 6)), ids(rng, V_TGT, 2, 4)
    for other in (src[:, [1, 0, 2, 3, 4, 5]], src.flip(1)):
        gap = far(logits_of(model, other, tgt), logits_of(model, src, tgt))
        require(gap > 1e-3, "the order of the source does not matter: there are no positions")
    require(student.run(moved, model) is False, "after model.to(device) something is left on the old device")


def bend(nb, name, sizes, seed, device, scale, flip):
    """A layer with drawn weights (the same for a seed), its norms' weights and its biases scaled or turned."""
    layer = getattr(nb, name)(*sizes).to(device).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in layer.parameters():
            drawn = torch.randn(p.shape, generator=generator, dtype=p.dtype).to(device)
            if p.dim() > 1:
                p.copy_(1.5 * drawn / p.shape[-1] ** 0.5)
            elif bool((p == 1).all()):  # the weight of a norm
                p.mul_(scale)
            else:
                p.copy_(scale * flip * drawn)
    return layer


@pytest.mark.points(
    0.75,
    hint="x + f(norm(x)) for every sublayer: a constant added to x comes out as it went in, and only ReLU bends. The "
    "memory goes into cross-attention as it is, and both masks reach their attention.",
)
def test_layers_are_pre_norm_with_residual_paths(student, rng, device):
    sizes = [D, HEADS, D_FF]
    for name in ("EncoderLayer", "DecoderLayer"):
        seed = int(rng.integers(1 << 30))
        x, memory = (torch.tensor(rng.normal(size=(3, n, D))) for n in (4, 5))
        more = (memory,) if name == "DecoderLayer" else ()
        layer = student.run(bend, name, sizes, seed, device, 1.0, 1.0)
        require(callable(layer), f"{name}(...) is no layer")

        def answer(of, *args, shape=(3, 4, D), name=name):
            require(callable(of), f"{name}(...) is no layer")
            return torch.tensor(array(of(*args), shape=shape, dtype="float", what=f"the result of {name}"))

        plain = answer(layer, x, *more)
        shift = torch.tensor(rng.normal(size=(3, 4, 1))) * 50.0
        require(far(answer(layer, x + shift, *more) - shift, plain) <= 1e-8, f"{name}: x + c does not come out as + c")
        require(far(plain, x) > 0.1, f"{name} returns x as it is")
        changed = x.clone()
        changed[:, 2] = torch.tensor(rng.normal(size=(3, D)))
        mask = torch.ones(4, 4, dtype=torch.bool)
        mask[:, 2] = False
        gap = (answer(layer, x, *more, mask) - answer(layer, changed, *more, mask))[:, [0, 1, 3]]
        require(float(gap.abs().max()) <= 1e-10, f"{name}: its mask does not reach the self-attention")
        others = (plain - answer(layer, changed, *more))[:, [0, 1, 3]]
        require(float(others.abs().max()) > 1e-4, f"{name}: the tokens do not see each other")
        # one token (attention to one key is linear): scaled norms, biases and inputs scale the result if ReLU does
        x, memory = 1e3 * x[:, :1], 1e3 * memory[:, :1]
        more = (memory,) if more else ()
        scaled, turned = (student.run(bend, name, sizes, seed, device, *how) for how in ((2.0, 1.0), (1.0, -1.0)))
        one = answer(layer, x, *more, shape=(3, 1, D))
        two = answer(scaled, 2.0 * x, *(2.0 * m for m in more), shape=(3, 1, D))
        require(far(two, 2.0 * one) <= 1e-6 * far(one, 0.0 * one), f"{name}: the feed-forward bends, but not by ReLU")
        odd = answer(turned, -x, *(-m for m in more), shape=(3, 1, D))
        require(far(odd, -one) > 1e-2, f"{name}: there is no ReLU in the feed-forward")
    layer = student.run(bend, "DecoderLayer", sizes, seed, device, 1.0, 1.0)
    x, memory, other = (torch.tensor(rng.normal(size=(3, n, D))) for n in (4, 5, 5))
    mask = torch.tensor([True, True, False, True, False])
    half = torch.where(mask[:, None], memory, other)
    mask = mask.view(1, 1, 1, 5)
    gap = far(answer(layer, x, memory, None, mask), answer(layer, x, half, None, mask))
    require(gap <= 1e-10, "DecoderLayer: memory_mask does not reach the cross-attention")
    gap = far(answer(layer, x, memory), answer(layer, x, 3.0 * memory + 1.0))
    require(gap > 1e-3, "DecoderLayer: the memory is ignored, or normalised a second time")
    # attention to one key does not depend on the heads: with one token it is the other attention that tells
    more_heads = student.run(bend, "DecoderLayer", [D, 2 * HEADS, D_FF], seed, device, 1.0, 1.0)
    for tokens, keys, which in ((1, 5, "cross-attention"), (4, 1, "self-attention")):
        arguments, shape = (x[:, :tokens], memory[:, :keys]), (3, tokens, D)
        gap = far(answer(layer, *arguments, shape=shape), answer(more_heads, *arguments, shape=shape))
        require(gap > 1e-5, f"DecoderLayer: the number of heads does not reach the {which}")


@pytest.mark.points(
    0.5,
    hint="Each row is computed as if it were alone; source and target tokens both matter; there is no dropout, so that "
    "training and evaluation agree.",
)
def test_rows_are_independent_and_all_tokens_matter(student, rng, device):
    model = made(student, rng, device)
    src, tgt = padded_source(rng, (5, 6, 3)), ids(rng, V_TGT, 3, 4)
    logits = logits_of(model, src, tgt)
    require(far(logits_of(model, src, tgt), logits) == 0.0, "the same call gives other logits: is there dropout?")
    order = torch.tensor([2, 0, 1])
    require(far(logits_of(model, src[order], tgt[order]), logits[order]) <= 1e-9, "the rows are not independent")
    for row in range(3):
        alone = logits_of(model, src[row : row + 1], tgt[row : row + 1])
        require(far(alone[0], logits[row]) <= 1e-9, "a row alone has other logits than in a batch")
    for place in range(3):
        other = src.clone()
        other[:, place] = 2 + (other[:, place] - 2 + 4) % (V_SRC - 2)
        gap = (logits_of(model, other, tgt) - logits).abs().amax(dim=(1, 2))
        require(float(gap.min()) > 1e-4, "a source token does not matter: is cross-attention alive?")
    for place in range(4):
        other = tgt.clone()
        other[:, place] = 2 + (other[:, place] - 2 + 4) % (V_TGT - 2)
        gap = (logits_of(model, src, other) - logits)[:, -1].abs().amax(dim=1)
        require(float(gap.min()) > 1e-4, "a target token does not matter to the last logits")
    model.eval()
    require(far(logits_of(model, src, tgt), logits) <= 1e-9, "eval() changes the logits: is there dropout?")
