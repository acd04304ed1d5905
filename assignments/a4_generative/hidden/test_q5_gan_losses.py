"""Question 5: GAN objectives against softplus and squares written here, the penalty against slopes done on paper."""

import numpy as np
import pytest
import torch

from grader.testing import array, close, number, require, unpack

pytestmark = pytest.mark.question("q5")

FORBIDDEN = (
    "torch.nn.functional.binary_cross_entropy",
    "torch.nn.functional.binary_cross_entropy_with_logits",
    "torch.nn.BCELoss",
    "torch.nn.BCEWithLogitsLoss",
    "aten::binary_cross_entropy*",
)
KINDS = ("minimax", "nonsaturating", "lsgan", "wgan")
SIZES = [(5, 3), (4, 4), (1, 6), (7, 1)]  # real rows, fake rows
ABOUT_ZERO = 1e-8  # F.softplus drops terms below e^-20


def tensor(rng, *shape, scale=1.0):
    return torch.as_tensor(scale * rng.normal(size=shape))


def minus_log_sigmoid(x):
    return torch.logaddexp(torch.zeros_like(x), -x)


def loss_d(kind, real, fake):
    if kind == "lsgan":
        return ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2
    if kind == "wgan":
        return fake.mean() - real.mean()
    return minus_log_sigmoid(real).mean() + minus_log_sigmoid(-fake).mean()


def loss_g(kind, fake):
    terms = {
        "minimax": lambda: -minus_log_sigmoid(-fake),
        "nonsaturating": lambda: minus_log_sigmoid(fake),
        "lsgan": lambda: (fake - 1) ** 2 / 2,
        "wgan": lambda: -fake,
    }
    return terms[kind]().mean()


def penalise(nb, real, fake, u, A, b, column):
    """The penalty of D(x) = b . tanh(A x), what has gathered in .grad by then, and the gradients of A and b."""
    A, b = (t.clone().requires_grad_(True) for t in (A, b))

    def D(x):
        out = torch.tanh(x.flatten(1) @ A) @ b
        return out[:, None] if column else out

    penalty = nb.gradient_penalty(D, real, fake, u)
    gathered = [A.grad, b.grad]
    if not isinstance(penalty, torch.Tensor) or not penalty.requires_grad:
        return penalty, gathered, None
    return penalty, gathered, list(torch.autograd.grad(penalty, (A, b), allow_unused=True))


def penalty_of(real, fake, u, A, b):
    """The same on paper: the slope of D at x is A (b (1 - tanh^2(A x)))."""
    x = u[:, None] * real.flatten(1) + (1 - u[:, None]) * fake.flatten(1)
    slope = ((1 - torch.tanh(x @ A) ** 2) * b) @ A.T  # (B, coordinates)
    return ((slope.norm(dim=1) - 1) ** 2).mean()


def penalty_case(rng, B, *shape, hidden=6, strength=1.0):
    """real, fake, u, A, b, such that slopes are below and above 1."""
    width = int(np.prod(shape))
    u = torch.as_tensor(rng.uniform(size=B))
    u[: B // 3] = 0.0
    A, b = tensor(rng, width, hidden) / np.sqrt(width), strength * tensor(rng, hidden)
    return tensor(rng, B, *shape), 1.5 + tensor(rng, B, *shape), u, A, b


@pytest.mark.points(
    0.7,
    hint="Each loss is one number in a tensor of the dtype of the logits, for (B,) and for (B, 1); nothing is "
    "changed or drawn, and a kind that does not exist is a ValueError.",
)
def test_shapes_of_the_losses(student, rng):
    for dtype in (torch.float32, torch.float64):
        asked = str(dtype).removeprefix("torch.")
        for shape in ((5,), (5, 1)):
            real, fake = tensor(rng, *shape).to(dtype), tensor(rng, 3, *shape[1:]).to(dtype)
            for kind in KINDS:
                with student.pure(), student.forbids(*FORBIDDEN):
                    answers = {"gan_loss_d": student.gan_loss_d(kind, real, fake)}
                    answers["gan_loss_g"] = student.gan_loss_g(kind, fake)
                for name, answer in answers.items():
                    require(isinstance(answer, torch.Tensor), f"{name} must be a scalar tensor")
                    array(answer, shape=(), dtype=asked, what=f"{name} of {kind}")
        case = [t.to(dtype) for t in penalty_case(rng, 4, 3)]
        with student.pure():
            penalty, *_ = unpack(student.run(penalise, *case, False), 3)
        require(isinstance(penalty, torch.Tensor), "gradient_penalty must be a scalar tensor")
        array(penalty, shape=(), dtype=asked, what="gradient_penalty")
    for kind in ("bce", "WGAN", "wgan-gp", "gan"):
        with student.raises(ValueError, what="gan_loss_d with an unknown kind"):
            student.gan_loss_d(kind, real, fake)
        with student.raises(ValueError, what="gan_loss_g with an unknown kind"):
            student.gan_loss_g(kind, fake)


@pytest.mark.points(
    0.9, hint="Real rows and fake rows each have a mean of their own; then follow the table, kind by kind."
)
def test_losses_of_the_discriminator(student, rng):
    for n, m in SIZES:
        for columns in ((), (1,)):
            real, fake = tensor(rng, n, *columns, scale=2.0), tensor(rng, m, *columns, scale=2.0)
            for kind in KINDS:
                with student.forbids(*FORBIDDEN):
                    answer = student.gan_loss_d(kind, real, fake)
                what = f"gan_loss_d of {kind}, {n} real and {m} fake rows"
                close(answer, loss_d(kind, real, fake), atol=ABOUT_ZERO, what=what)


@pytest.mark.points(0.7, hint="G minimises its loss; follow the table, kind by kind, and look at the signs.")
def test_losses_of_the_generator(student, rng):
    for m in (5, 3, 1):
        for columns in ((), (1,)):
            fake = tensor(rng, m, *columns, scale=2.0)
            for kind in KINDS:
                with student.forbids(*FORBIDDEN):
                    answer = student.gan_loss_g(kind, fake)
                what = f"gan_loss_g of {kind}, {m} fake rows"
                close(answer, loss_g(kind, fake), atol=ABOUT_ZERO, what=what, factors={"the batch size": m})


@pytest.mark.points(
    0.85, hint="Every sample has its own u, its own point between real and fake and its own norm, over all coordinates."
)
def test_penalty_values(student, rng):
    for B, *shape in [(6, 4), (4, 4), (1, 5), (5, 1), (3, 2, 4, 5), (4, 1, 4, 4), (2, 3, 6)]:
        for strength in (0.4, 2.5):
            case = penalty_case(rng, B, *shape, strength=strength)
            penalty, *_ = unpack(student.run(penalise, *case, B % 2 == 0), 3)
            what = f"gradient_penalty of data with shape {(B, *shape)}"
            close(penalty, penalty_of(*case), what=what, factors={"the batch size B": B})


def slopes(nb, name, kind, real, fake):
    """Value and gradients of a loss with respect to the logits."""
    leaves = [t.clone().requires_grad_(True) for t in ((real, fake) if name == "gan_loss_d" else (fake,))]
    loss = getattr(nb, name)(kind, *leaves)
    if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
        return loss, None
    return loss, list(torch.autograd.grad(loss, leaves, allow_unused=True))


def judge_slopes(student, real, fake, kinds=KINDS, what="", **tolerance):
    for kind in kinds:
        for name, function in (("gan_loss_d", loss_d), ("gan_loss_g", loss_g)):
            leaves = [t.clone().requires_grad_(True) for t in ((real, fake) if name == "gan_loss_d" else (fake,))]
            expected = function(kind, *leaves)
            loss, answer = unpack(student.run(slopes, name, kind, real, fake), 2)
            close(loss, expected.detach(), what=f"{name} of {kind}{what}", **tolerance)
            require(answer is not None, f"no gradient flows through {name} of {kind}")
            wanted = torch.autograd.grad(expected, leaves)
            for got, gradient in zip(unpack(answer, len(wanted)), wanted, strict=True):
                require(got is not None, f"no gradient of {name} of {kind} reaches the logits")
                close(got, gradient, what=f"the gradient of {name} of {kind}{what}", **tolerance)


@pytest.mark.points(
    0.9, hint="Which way do real and fake logits have to go, and how fast? The means share the gradient out."
)
def test_gradients_of_the_losses(student, rng):
    for n, m in [(5, 3), (4, 4), (1, 2)]:
        for columns in ((), (1,)):
            real, fake = tensor(rng, n, *columns, scale=2.0), tensor(rng, m, *columns, scale=2.0)
            judge_slopes(student, real, fake, atol=ABOUT_ZERO)


@pytest.mark.points(
    0.85,
    hint="The slope of D is differentiated a second time: the graph of the first derivative has to be kept, "
    "and nothing may be left behind in .grad.",
)
def test_penalty_teaches_the_discriminator(student, rng):
    for B, *shape in [(6, 4), (3, 2, 4, 5), (1, 3)]:
        for strength in (0.4, 2.5):
            real, fake, u, A, b = penalty_case(rng, B, *shape, strength=strength)
            penalty, gathered, answer = unpack(student.run(penalise, real, fake, u, A, b, B == 6), 3)
            leaves = [t.clone().requires_grad_(True) for t in (A, b)]
            expected = penalty_of(real, fake, u, *leaves)
            close(penalty, expected.detach(), what="gradient_penalty")
            require(answer is not None, "no gradient flows through the penalty to the parameters of D")
            for left in unpack(gathered, 2):
                require(left is None, "gradient_penalty leaves gradients in the parameters of D")
            for got, wanted in zip(unpack(answer, 2), torch.autograd.grad(expected, leaves), strict=True):
                require(got is not None, "a parameter of D gets no gradient from the penalty")
                close(got, wanted, what="the gradient of the penalty with respect to D", factors={"B": B})


@pytest.mark.points(
    0.9, hint="ln(1 - sigmoid(f)) and ln sigmoid(f) are both a softplus with a sign; softplus is safe for any logit."
)
def test_sure_discriminators(student, rng):
    for offset in (1e3, -1e3, 40.0, -40.0):
        real, fake = tensor(rng, 4) - offset, tensor(rng, 3) + offset
        judge_slopes(student, real, fake, what=" with sure logits", atol=ABOUT_ZERO)
        logits = [("minimax", "nonsaturating"), real.float(), fake.float()]
        judge_slopes(student, *logits[1:], kinds=logits[0], what=" with sure float32 logits")
    mixed = torch.tensor([1e3, -1e3, 0.0, 500.0, -90.0], dtype=torch.float64)
    judge_slopes(student, mixed, -mixed.flip(0), what=" with logits of all sizes", atol=ABOUT_ZERO)


def penalise_flat(nb, real, fake, u, A, b):
    """The penalty of a D of dead ReLUs, which is flat everywhere, and the gradients of A and b."""
    A, b = (t.clone().requires_grad_(True) for t in (A, b))
    penalty = nb.gradient_penalty(lambda x: torch.relu(x.flatten(1) @ A - 1e3) @ b, real, fake, u)
    penalty.backward()
    return penalty.detach(), [torch.zeros_like(t) if t.grad is None else t.grad for t in (A, b)]


@pytest.mark.points(
    0.15,
    hint="Where D is flat the norm is 0; the slope of a root at 0 is infinite, but not that of norm().",
)
def test_penalty_where_the_discriminator_is_flat(student, rng):
    for B, *shape in [(6, 4), (3, 2, 4, 5)]:
        case = penalty_case(rng, B, *shape)
        penalty, slopes_ = unpack(student.run(penalise_flat, *case), 2)
        close(
            penalty, 1.0, rtol=1e-2, what="gradient_penalty of a D that is flat"
        )  # a tiny number may be under the root
        for slope, t in zip(unpack(slopes_, 2), case[3:], strict=True):
            array(slope, shape=tuple(t.shape), dtype="float", what="the gradient of the penalty of a D that is flat")


def plane(nb, real, fake, u, w):
    return nb.gradient_penalty(lambda x: x.flatten(1) @ w, real, fake, u)


@pytest.mark.points(
    1.05,
    hint="At a logit of -20 the nonsaturating generator learns with full speed, the minimax one not at all; "
    "(B, 1) logits mean the same as (B,); a plane has the same slope everywhere.",
)
def test_laws_of_the_quarrel(student, rng):
    B = 5
    real, fake = tensor(rng, B), tensor(rng, B)
    for kind in KINDS:
        flat = number(student.gan_loss_d(kind, real, fake), what="gan_loss_d")
        for r, f in ((real[:, None], fake[:, None]), (real[:, None], fake), (real, fake[:, None])):
            close(student.gan_loss_d(kind, r, f), flat, what=f"gan_loss_d of {kind} for (B, 1) logits", atol=ABOUT_ZERO)
        again = student.gan_loss_d(kind, real.repeat(3), fake)
        close(again, flat, what=f"gan_loss_d of {kind} with every real row three times", atol=ABOUT_ZERO)
        flat = number(student.gan_loss_g(kind, fake), what="gan_loss_g")
        close(student.gan_loss_g(kind, fake[:, None]), flat, what=f"gan_loss_g of {kind} for (B, 1) logits")
    for kind, speed in (("nonsaturating", 1.0), ("minimax", 0.0)):
        _, answer = unpack(student.run(slopes, "gan_loss_g", kind, real, torch.full((B,), -20.0)), 2)
        require(answer is not None, f"no gradient flows through gan_loss_g of {kind}")
        push = array(unpack(answer, 1)[0], shape=(B,), what="the gradient of gan_loss_g")
        close(-B * push, np.full(B, speed), atol=1e-6, dtype="any", what=f"the push on a sure fake, {kind}")
    for shape in ((3,), (2, 3, 4)):
        w = tensor(rng, int(np.prod(shape)))
        real, fake, u = tensor(rng, B, *shape), tensor(rng, B, *shape), torch.as_tensor(rng.uniform(size=B))
        expected = (w.norm() - 1) ** 2
        close(student.run(plane, real, fake, u, w), expected, what="gradient_penalty of a plane")
        close(student.run(plane, real, real, 0 * u, w / w.norm()), 0.0, atol=1e-12, what="gradient_penalty at slope 1")
