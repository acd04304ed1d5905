# %% [raw]
# # BEGIN QUESTION
# name: q12
# points: 0

# %% [markdown]
# ## q12. BERT: masked words and sentence pairs (5 points)
#
# An encoder can be trained on plain text, without labels, if the text itself asks the questions. **Masked language modelling** hides some of the tokens
# and asks which they were. **Next sentence prediction** shows two sentences and asks whether the second one follows the first.
#
# Every token that is not in `special_ids` is *selected* with probability $p$, each independently of the others (a `mask_id` that stands in `ids` already, too, unless it is
# in `special_ids`). What happens to a selected token?
#
# | with probability | it becomes | why |
# |---|---|---|
# | 0.8 | `mask_id` | that is the riddle |
# | 0.1 | a random token of the vocabulary, never a special one and never `mask_id` | no word may be trusted blindly |
# | 0.1 | itself | a word that is seen may be right: the representation of visible words counts too |
#
# The loss asks for *all* selected tokens, also for those that were kept, and for no others:
#
# $$L = -\frac{1}{|S|} \sum_{(b,t) \in S} \ln \operatorname{softmax}(\text{logits}_{bt})_{\text{labels}_{bt}}, \qquad S = \{(b,t) : \text{labels}_{bt} \ne -100\}$$
#
# | function | arguments | returns |
# |---|---|---|
# | `mlm_mask` | `ids (B, T)`, `special_ids` a set, `mask_id`, `vocab_size`, `p`, `generator` | `inputs (B, T)`; `labels (B, T)`: the original token where selected, else -100 |
# | `nsp_pairs` | `docs`: two or more documents, each a list of one or more sentences, each a list of tokens; `generator` | a list of `(a, b, label)` |
# | `mlm_loss` | `logits (B, T, V)`, `labels (B, T)` | the loss; 0 (with a graph) if nothing is selected |
# | `pack_pair` | lists `a`, `b`; `cls`, `sep`, `pad`, `max_len` >= 3 | a dict of tensors `(max_len,)`: `ids` int64, `segments` int64, `mask` bool |
#
# `nsp_pairs` makes one pair for every sentence that has a successor, in the order of the text: with probability one half $b$ is the
# successor and the label 1, otherwise $b$ is a random sentence of *another* document and the label 0
# (drawn from all their sentences, or the document first: both are right). Each pair has a coin of its own.
#
# `pack_pair` lays out `cls a sep b sep pad pad ...`. Segment 0 is `cls`, `a` and the first `sep`, segment 1 is `b` and the second `sep`; padding is segment 0. The token
# `pad` is in neither sentence. The mask is `True` for what is no padding. If the pair is too long, the longer of the two loses its last token, again and again (at equal
# lengths it is `b` that loses one); the three frame tokens always stay.
#
# **On paper.** `a = (5, 6, 7, 8)`, `b = (9, 10)`, `max_len = 7`: four places remain for six tokens, so `a` loses 8 and then 7. `ids` is
# `cls 5 6 sep 9 10 sep`, `segments` is `0 0 0 0 1 1 1`.
#
# **What usually goes wrong**
# - 80 % of the *selected* tokens, or of all of them? One coin with three sides, or two coins that overlap?
# - Where must labels stand: where the input says `mask_id`, or where a token was selected?
# - Labels are copied from `ids`. What if `inputs` is the same tensor?
# - May a padding token be asked for? May it come as a "random word"?
# - The mean is taken over what? A batch with long padding must not have a smaller loss.
# - The generator is an argument, and it may lie on the CPU while `ids` are on a GPU: draw with `generator=generator, device=generator.device` and
#   move what was drawn to `ids.device`.
# - A sentence drawn from all documents is sometimes the true successor, with the label 0. And what follows the last sentence of a document?
#
# *Read:* Prince §12.6; Bishop & Bishop (2024) §12.3.3. Paper: Devlin et al. 2019, §3.1.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q12


def mlm_mask(
    ids: torch.Tensor, special_ids: set[int], mask_id: int, vocab_size: int, p: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Hide tokens for masked language modelling.

    ids: (B, T) integers;  special_ids: tokens that are neither selected nor put in at random;  p: chance of selection
    returns (inputs (B, T), labels (B, T)); labels are -100 where nothing was selected
    """

    # BEGIN SOLUTION NO PROMPT
    def uniform():
        return torch.rand(ids.shape, generator=generator, device=generator.device).to(ids.device)

    special = torch.tensor(sorted(special_ids), dtype=ids.dtype, device=ids.device)
    words = torch.tensor([t for t in range(vocab_size) if t not in special_ids | {mask_id}], device=ids.device)
    selected, fate = (uniform() < p) & ~torch.isin(ids, special), uniform()
    drawn = words[(uniform() * len(words)).long()]  # (B, T)
    inputs = torch.where(selected & (fate < 0.8), mask_id, ids)
    inputs = torch.where(selected & (fate >= 0.9), drawn, inputs)
    return inputs, ids.masked_fill(~selected, -100)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q12: mlm_mask is not implemented yet")
    """  # END PROMPT


def nsp_pairs(docs: list[list[list[int]]], generator: torch.Generator) -> list[tuple[list[int], list[int], int]]:
    """Pairs (a, b, label) for next sentence prediction, one for each sentence that has a successor, in order.

    docs: two or more lists of sentences;  label: 1 if b follows a, 0 if b comes from another document
    """

    # BEGIN SOLUTION NO PROMPT
    def draw(n):
        return int(torch.randint(n, (), generator=generator, device=generator.device))

    pairs = []
    for i, doc in enumerate(docs):
        for a, successor in zip(doc[:-1], doc[1:], strict=True):
            if draw(2):
                pairs.append((a, successor, 1))
            else:
                other = docs[(i + 1 + draw(len(docs) - 1)) % len(docs)]  # any but document i
                pairs.append((a, other[draw(len(other))], 0))
    return pairs
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q12: nsp_pairs is not implemented yet")
    """  # END PROMPT


def mlm_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy over the positions whose label is not -100; 0 if there is none.

    logits: (B, T, V);  labels: (B, T)
    """
    # BEGIN SOLUTION NO PROMPT
    total = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q12: mlm_loss is not implemented yet")
    """  # END PROMPT


def pack_pair(a: list[int], b: list[int], cls: int, sep: int, pad: int, max_len: int) -> dict[str, torch.Tensor]:
    """cls a sep b sep, padded to max_len, the longer sentence cut where the pair is too long.

    returns a dict of ids (max_len,) int64, segments (max_len,) int64 and mask (max_len,) bool, True for tokens
    """
    # BEGIN SOLUTION NO PROMPT
    n, m = len(a), len(b)
    while n + m > max_len - 3:
        n, m = (n - 1, m) if n > m else (n, m - 1)
    ids = [cls, *a[:n], sep, *b[:m], sep]
    padding = max_len - len(ids)
    return {
        "ids": torch.tensor(ids + [pad] * padding),
        "segments": torch.tensor([0] * (n + 2) + [1] * (m + 1) + [0] * padding),
        "mask": torch.tensor([True] * len(ids) + [False] * padding),
    }
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q12: pack_pair is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_masking_one_sentence(mlm_mask):
    """labels stand where tokens were selected, and nowhere else"""
    ids = torch.tensor([[1, 7, 9, 8, 12, 11, 10, 2, 0, 0]])  # cls, words, sep, padding
    inputs, labels = mlm_mask(ids, {0, 1, 2, 3}, 3, 20, 0.5, torch.Generator().manual_seed(4))
    print(f"ids    {ids[0].tolist()}\ninputs {inputs[0].tolist()}\nlabels {labels[0].tolist()}")
    assert inputs.shape == labels.shape == ids.shape, (
        f"both have the shape of ids, yours: {inputs.shape}, {labels.shape}"
    )
    asked = labels != -100
    assert asked.any(), "half of six words should be selected; here it is none at all"
    assert near(labels[asked], ids[asked].numpy()), "a label is the token that stood there"
    assert near(inputs[~asked], ids[~asked].numpy()), "what is not selected stays"
    assert not asked[0, [0, 7, 8, 9]].any(), "special tokens are never selected"


# %%
def test_shares_of_masked_words(mlm_mask):
    """of 1000 words about 30 % are selected, of these 80 % are masked and the others random or kept"""
    ids = torch.arange(1000).view(10, 100) % 90 + 10
    inputs, labels = mlm_mask(ids, {0, 1, 2, 3}, 3, 100, 0.3, torch.Generator().manual_seed(0))
    asked = labels != -100
    share, masked = float(asked.float().mean()), float((inputs == 3)[asked].float().mean())
    kept = float((inputs == ids)[asked].float().mean())
    assert 0.2 < share < 0.4, f"0.3 of the words should be selected, yours: {share:.2f}"
    assert 0.7 < masked < 0.9, f"0.8 of the selected words become the mask, yours: {masked:.2f}"
    assert 0.03 < kept < 0.2, f"about 0.1 of the selected words stay as they are, yours: {kept:.2f}"


# %%
def test_loss_of_equal_logits(mlm_loss):
    """equal logits cost ln V at every selected position, however many there are"""
    labels = torch.tensor([[-100, 3, -100, 1], [-100, -100, 0, -100]])
    loss = mlm_loss(torch.zeros(2, 4, 5), labels)
    assert near(loss, math.log(5), 1e-5), f"ln 5 = 1.609438, yours is {loss}"


# %%
def test_sentence_pairs_of_two_documents(nsp_pairs):
    """pairs of two small documents"""
    docs = [[[1], [2], [3]], [[7, 7], [8]]]
    pairs = nsp_pairs(docs, torch.Generator().manual_seed(0))
    assert [list(a) for a, _, _ in pairs] == [[1], [2], [7, 7]], (
        f"sentences with a successor: 1, 2 and 7 7; yours: {pairs}"
    )
    for a, b, label in pairs:
        here = docs[0] if a in docs[0] else docs[1]
        there = docs[1] if a in docs[0] else docs[0]
        right = b == here[here.index(a) + 1] if label else b in there
        assert right, f"({a}, {b}) has the label {label}"


# %%
def test_packing_by_hand(pack_pair):
    """the pair of the example on paper, cut to seven tokens, and a short one with padding"""
    packed = pack_pair([5, 6, 7, 8], [9, 10], 1, 2, 0, 7)
    assert near(packed["ids"], [1, 5, 6, 2, 9, 10, 2]), f"cls 5 6 sep 9 10 sep, yours: {packed['ids']}"
    assert near(packed["segments"], [0, 0, 0, 0, 1, 1, 1]), f"0 0 0 0 1 1 1, yours: {packed['segments']}"
    packed = pack_pair([5], [9], 1, 2, 0, 7)
    assert near(packed["mask"], [1, 1, 1, 1, 1, 0, 0]), f"five tokens, two of padding; yours: {packed['mask']}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: fill in the blanks


@experiment
def fill_in_the_blanks():
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    words = "<pad> <cls> <sep> <mask> the cat dog bird mouse sleeps runs sings eats in on under garden roof bed tree".split()
    animals, verbs, places = (5, 9), (9, 13), (16, 20)
    where = {16: 13, 17: 14, 18: 15, 19: 14}  # in the garden, on the roof, under the bed, on the tree

    def sentences(n):
        animal, verb, place = (torch.randint(*span, (n,)) for span in (animals, verbs, places))
        preposition = torch.tensor([where[t] for t in place.tolist()])
        the, cls, sep = (torch.full((n,), t) for t in (4, 1, 2))
        return torch.stack([cls, the, animal, verb, preposition, the, place, sep], dim=1)

    embedding, layer, norm, out = nn.Embedding(20, 32), EncoderLayer(32, 4, 64), LayerNorm(32), nn.Linear(32, 20)
    parts = nn.ModuleList([embedding, layer, norm, out])
    adam, places_in_line = torch.optim.Adam(parts.parameters(), 3e-3), sinusoidal_pe(8, 32)

    def net(inputs):
        return out(norm(layer(embedding(inputs) + places_in_line)))

    for step in range(401):
        inputs, labels = mlm_mask(sentences(64), {0, 1, 2, 3}, 3, 20, 0.25, generator)
        cost = mlm_loss(net(inputs), labels)
        adam.zero_grad()
        cost.backward()
        adam.step()
        if step % 200 == 0:
            print(f"step {step:3d}: loss {cost.item():.2f}")
    riddle = torch.tensor([[1, 4, 5, 9, 3, 4, 18, 2], [1, 4, 3, 11, 13, 4, 16, 2], [1, 3, 6, 10, 14, 4, 3, 2]])
    chances = net(riddle).softmax(-1)
    for row, chance in zip(riddle, chances, strict=True):
        print(" ".join(words[t] for t in row.tolist()))
        for place in (row == 3).nonzero()[:, 0].tolist():
            best = chance[place].topk(4)
            print(
                "    ",
                ", ".join(
                    f"{words[t]} {q:.2f}" for q, t in zip(best.values.tolist(), best.indices.tolist(), strict=True)
                ),
            )
