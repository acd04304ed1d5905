"""Question 6: steps of a GAN. A probe builds networks from weights, plays a sequence of steps, tells all.

The same sequence is played here by code of our own, in float64; what is left alone is compared bit by bit.
"""

import numpy as np
import pytest
import torch

from grader.testing import close, formed, number, require, same, unpack

pytestmark = pytest.mark.question("q6")

OPTIMISERS = {
    "SGD": {"lr": 0.3, "momentum": 0.8},
    "Adam": {"lr": 0.02, "betas": (0.5, 0.9)},
}
NEAR = {"rtol": 1e-7, "atol": 1e-9}


def play(nb, moves, xs, zs, weights, optimiser, settings, options):
    """Networks with the given weights take the steps `moves` ("d" or "g"); everything there is to see after each step.

    options: "norm" (batch normalisation in G), "norm_d" (in D), "flat" (D returns (B,)), "garbage" (old gradients),
    "frozen" (one parameter of each), "eval" (mode of both networks), "sure" (added to D's outputs), "steep" (D's last
    weights times this)
    """

    class Net(torch.nn.Module):
        def __init__(self, given, norm, flat, shift):
            super().__init__()
            self.W, self.b, self.V, self.c = (torch.nn.Parameter(w.clone()) for w in given)
            self.norm = torch.nn.BatchNorm1d(self.W.shape[1]).to(self.W) if norm else None
            self.flat, self.shift, self.calls = flat, shift, 0

        def forward(self, v):
            self.calls += 1
            h = v @ self.W + self.b
            h = torch.tanh(h if self.norm is None else self.norm(h))
            out = h @ self.V + self.c + self.shift
            return out[:, 0] if self.flat else out

    G = Net(weights["G"], options.get("norm", False), False, 0.0)
    D = Net(weights["D"], options.get("norm_d", False), options.get("flat", False), options.get("sure", 0.0))
    nets = {"G": G, "D": D}
    if options.get("frozen"):
        D.b.requires_grad_(False)
        G.b.requires_grad_(False)
    if options.get("eval"):
        G.eval(), D.eval()
    if options.get("garbage"):
        for net in nets.values():
            for p in net.parameters():
                p.grad = torch.full_like(p, 7.0) if p.requires_grad else None
    opts = {name: getattr(torch.optim, optimiser)(net.parameters(), **settings) for name, net in nets.items()}

    def look(name):
        own = list(nets[name].parameters())
        return {
            "weights": [p.detach().clone() for p in own],
            "grads": [None if p.grad is None else p.grad.clone() for p in own],
            "flags": [p.requires_grad for p in own],
            "mode": nets[name].training,
            "calls": nets[name].calls,
        }

    story = [{"loss": None, "G": look("G"), "D": look("D")}]
    for move, x, z in zip(moves, xs, zs, strict=True):
        loss = nb.d_step(G, D, opts["D"], x, z) if move == "d" else nb.g_step(G, D, opts["G"], z)
        story.append({"loss": loss, "G": look("G"), "D": look("D")})
    return story


SEEN = {"weights": ["tensor"], "grads": [frozenset({None, "tensor"})], "flags": [bool], "mode": bool, "calls": int}


class Nets:
    """What the networks of the probe do and how they are to be trained, in a few lines."""

    def __init__(self, weights, optimiser, settings, options):
        self.G, self.D = ([w.clone().requires_grad_(True) for w in weights[name]] for name in "GD")
        self.options = options
        opt = getattr(torch.optim, optimiser)
        kept = 1 if options.get("frozen") else None  # the place of the biases
        self.opts = {
            name: opt([w for i, w in enumerate(net) if i != kept], **settings)
            for name, net in (("g", self.G), ("d", self.D))
        }

    def run(self, net, v, norm=False, shift=0.0):
        h = v @ net[0] + net[1]
        if norm and not self.options.get("eval"):
            h = (h - h.mean(0)) / torch.sqrt(h.var(0, unbiased=False) + 1e-5) * net[4] + net[5]
        elif norm:
            h = h / (1 + 1e-5) ** 0.5 * net[4] + net[5]
        return torch.tanh(h) @ net[2] + net[3] + shift

    def step(self, move, x, z):
        zero, sure = torch.zeros((), dtype=torch.float64), self.options.get("sure", 0.0)
        fake = self.run(self.G, z, norm=self.options.get("norm", False))
        fake = fake.detach() if move == "d" else fake
        on_fake = self.run(self.D, fake, norm=self.options.get("norm_d", False), shift=sure)
        loss = torch.logaddexp(zero, -on_fake).mean()
        if move == "d":
            loss = (
                torch.logaddexp(zero, -self.run(self.D, x, shift=sure)).mean() + torch.logaddexp(zero, on_fake).mean()
            )
        self.opts[move].zero_grad()
        own = self.opts[move].param_groups[0]["params"]
        for w, slope in zip(own, torch.autograd.grad(loss, own), strict=True):
            w.grad = slope
        self.opts[move].step()
        return loss.item()


def draw_weights(rng, z_dim, x_dim, hidden):
    tensor = lambda *shape: torch.as_tensor(0.7 * rng.normal(size=shape))  # noqa: E731
    return {
        "G": [tensor(z_dim, hidden), tensor(hidden), tensor(hidden, x_dim), tensor(x_dim)],
        "D": [tensor(x_dim, hidden + 1), tensor(hidden + 1), tensor(hidden + 1, 1), tensor(1)],
    }


class Game:
    """One sequence of moves, played by the student and by us."""

    def __init__(self, student, rng, moves, B=6, z_dim=2, x_dim=3, hidden=4, optimiser="SGD", **options):
        weights = draw_weights(rng, z_dim, x_dim, hidden)
        weights["D"][2] *= options.get("steep", 1.0)
        norms = {
            name: self.norm(options.get(key), len(weights[name][1])) for name, key in (("G", "norm"), ("D", "norm_d"))
        }
        xs = [torch.as_tensor(1.5 + rng.normal(size=(B, x_dim))) for _ in moves]
        zs = [torch.as_tensor(rng.normal(size=(B, z_dim))) for _ in moves]
        settings = OPTIMISERS[optimiser]
        self.moves, self.optimiser = moves, optimiser
        self.story = unpack(
            student.run(play, moves, xs, zs, weights, optimiser, settings, options), len(moves) + 1, what="the story"
        )
        formed(self.story, [{"loss": object, "G": SEEN, "D": SEEN}], what="the story")
        ours = Nets({name: weights[name] + norms[name] for name in "GD"}, optimiser, settings, options)
        self.losses, self.ours = [], []
        for move, x, z in zip(moves, xs, zs, strict=True):
            self.losses.append(ours.step(move, x, z))
            self.ours.append({name: [w.detach().clone() for w in net] for name, net in (("G", ours.G), ("D", ours.D))})

    @staticmethod
    def norm(wanted, width):
        """Scale and shift of a batch normalisation as it is made."""
        return [torch.ones(width).double(), torch.zeros(width).double()] if wanted else []

    def seen(self, step, name, what):
        """What the probe saw of network `name` after a step; lists are returned as lists."""
        return self.story[step][name][what]

    def judge_loss(self, step):
        name = f"{self.moves[step - 1]}_step"
        close(
            number(self.story[step]["loss"], what=f"the loss of {name}"),
            self.losses[step - 1],
            what=f"the loss of {name}",
        )

    def judge_weights(self, step, name):
        what = f"a parameter of {name} after the moves {', '.join(m + '_step' for m in self.moves[:step])}"
        expected = self.ours[step - 1][name]
        for got, wanted in zip(unpack(self.seen(step, name, "weights"), len(expected)), expected, strict=True):
            close(got, wanted, what=f"{what}, {self.optimiser}", **NEAR)

    def judge_moved(self, step):
        """A step that does nothing leaves everything alone, and earns nothing."""
        move = self.moves[step - 1]
        before, after = (self.seen(s, move.upper(), "weights") for s in (step - 1, step))
        moved = any(not torch.equal(then, now) for then, now in zip(before, after, strict=True))
        require(moved, f"{move}_step does not move {move.upper()}")
        number(self.story[step]["loss"], what=f"the loss of {move}_step")

    def judge_untouched(self, step, name, moved=True):
        """Weights, gradients and flags of a network are as they were one step before; the other one has moved."""
        if moved:
            self.judge_moved(step)
        by = f"{self.moves[step - 1]}_step"
        for what, words in (("weights", "parameters"), ("grads", ".grad"), ("flags", "requires_grad")):
            before, after = self.seen(step - 1, name, what), self.seen(step, name, what)
            for then, now in zip(before, unpack(after, len(before)), strict=True):
                untouched = torch.equal(then, now) if torch.is_tensor(then) and torch.is_tensor(now) else then is now
                require(untouched, f"{by} changed the {words} of {name}")

    def judge_modes(self, step):
        for name in ("G", "D"):
            same(
                self.seen(step, name, "mode"), self.seen(0, name, "mode"), what=f"the mode (training or not) of {name}"
            )


@pytest.mark.points(
    0.9,
    hint="A loss is returned as a Python float; x and z stay as they are, and nothing is drawn from the global "
    "generators.",
)
def test_steps_return_floats_and_draw_nothing(student, rng):
    for moves in ("d", "g"):
        with student.pure():
            game = Game(student, rng, list(moves))
        game.judge_moved(1)
        loss = game.story[1]["loss"]
        require(isinstance(loss, float), f"{moves}_step must return a Python float")
        number(loss, what="the loss")


@pytest.mark.points(
    1.5,
    hint="D's loss has a part for real rows and a part for fakes; its gradient comes first, then one step of opt_d.",
)
def test_d_step_moves_the_discriminator(student, rng):
    for optimiser in OPTIMISERS:
        for sizes in ({}, {"B": 3, "z_dim": 3, "x_dim": 3, "hidden": 3}, {"B": 5, "x_dim": 1, "z_dim": 4}):
            game = Game(student, rng, ["d"], optimiser=optimiser, **sizes)
            game.judge_loss(1)
            game.judge_weights(1, "D")
    for steep in (30.0, 300.0):  # large gradients are not clipped
        game = Game(student, rng, ["d"], steep=steep, sure=1e3)
        game.judge_loss(1)
        game.judge_weights(1, "D")


@pytest.mark.points(
    1.5,
    hint="G's gradient comes from D's opinion of its fakes, through D: nothing is detached, and opt_g takes one step.",
)
def test_g_step_moves_the_generator(student, rng):
    for optimiser in OPTIMISERS:
        for sizes in ({}, {"B": 3, "z_dim": 3, "x_dim": 3, "hidden": 3}, {"B": 5, "x_dim": 1, "z_dim": 4}):
            game = Game(student, rng, ["g"], optimiser=optimiser, **sizes)
            game.judge_loss(1)
            game.judge_weights(1, "G")
    for steep in (30.0, 300.0):  # large gradients are not clipped
        game = Game(student, rng, ["g"], steep=steep, sure=-1e3)
        game.judge_loss(1)
        game.judge_weights(1, "G")


@pytest.mark.points(
    1.1, hint="Between D's loss and G there must be no path for a gradient; G's .grad stays None, or what it was."
)
def test_d_step_leaves_the_generator_alone(student, rng):
    for garbage in (False, True):
        game = Game(student, rng, ["d", "d"], garbage=garbage)
        for step in (1, 2):
            game.judge_untouched(step, "G")


@pytest.mark.points(
    1.2,
    hint="A backward pass through D writes into D's .grad too. Freeze D and thaw it again, put its gradients "
    "back, or ask for G's gradients alone.",
)
def test_g_step_leaves_the_discriminator_alone(student, rng):
    for garbage in (False, True):
        game = Game(student, rng, ["g", "g"], garbage=garbage)
        for step in (1, 2):
            game.judge_untouched(step, "D")
    game = Game(student, rng, ["d", "g"])
    game.judge_untouched(2, "D")


@pytest.mark.points(
    1.3,
    hint="Each step starts with clean gradients, keeps the optimiser's state of the steps before and leaves "
    "nothing to the step after it.",
)
def test_steps_in_a_row(student, rng):
    for optimiser in OPTIMISERS:
        for moves in ("dd", "gg", "gd", "dgddg"):
            game = Game(student, rng, list(moves), optimiser=optimiser)
            for step in range(1, len(moves) + 1):
                game.judge_loss(step)
                game.judge_weights(step, "G")
                game.judge_weights(step, "D")


@pytest.mark.points(
    0.8, hint="Old gradients do not count; modes and requires_grad are the caller's; logits may be large."
)
def test_old_gradients_modes_and_flags(student, rng):
    cases = [
        {"garbage": True},
        {"norm": True},
        {"norm": True, "eval": True},
        {"flat": True, "garbage": True},
        {"frozen": True},
        {"B": 1},
        {"sure": 1e4},  # ln(1 - sigmoid) would be ln 0
        {"sure": -1e4},  # and here ln(sigmoid)
    ]
    for options in cases:
        game = Game(student, rng, list("dgdg"), **options)
        for step in range(1, 5):
            if options.get("sure"):
                number(game.story[step]["loss"], what="the loss with a sure discriminator")
            game.judge_modes(step)
            game.judge_untouched(
                step, "GD"[step % 2 == 0], moved=not options.get("sure")
            )  # no gradient where D is fooled
        for step in (1, 2, 3, 4):
            game.judge_loss(step)
            game.judge_weights(step, "D")
            game.judge_weights(step, "G")


@pytest.mark.points(0.3, hint="In g_step D is run in the mode that it is in; G's gradient goes through its norm.")
def test_g_step_keeps_the_mode_of_the_discriminator(student, rng):
    for options in ({}, {"eval": True}):
        game = Game(student, rng, list("gg"), norm_d=True, **options)
        for step in (1, 2):
            game.judge_modes(step)
            game.judge_loss(step)
            game.judge_weights(step, "G")


@pytest.mark.points(0.4, hint="G is run once in each step, D once in g_step and once or twice in d_step.")
def test_networks_run_as_often_as_they_should(student, rng):
    moves = list("dgdg")
    game = Game(student, rng, moves)
    for step, move in enumerate(moves, start=1):
        for name in ("G", "D"):
            calls = [number(game.seen(s, name, "calls"), what="calls") for s in (step - 1, step)]
            allowed = (1, 2) if (name, move) == ("D", "d") else (1,)
            require(np.subtract(*calls[::-1]) in allowed, f"{move}_step runs {name} too often or not at all")
