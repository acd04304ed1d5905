"""Question 1: log-densities and divergences, against torch.distributions and numpy in float64."""

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from grader.testing import array, close, require, unpack

pytestmark = pytest.mark.question("q1")

FORBIDDEN = (
    "torch.distributions.Distribution",
    "torch.nn.functional.binary_cross_entropy",
    "torch.nn.functional.binary_cross_entropy_with_logits",
    "torch.nn.functional.kl_div",
    "torch.nn.functional.gaussian_nll_loss",
    "aten::binary_cross_entropy*",
)
SIZES = [(5, 7), (4, 4), (1, 3), (6, 1), (1, 1)]
ABOUT_ZERO = 1e-8  # F.softplus drops terms below e^-20


def normal(rng, B, D):
    """Mean and log-variance (B, D), neither of them near zero."""
    mu = rng.uniform(0.3, 1.5, size=(B, D)) * rng.choice([-1, 1], size=(B, D))
    logvar = rng.uniform(0.3, 1.5, size=(B, D)) * rng.choice([-1, 1], size=(B, D))
    return torch.as_tensor(mu), torch.as_tensor(logvar)


def tensor(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


def grey(rng, B, D):
    """Targets in [0, 1]: zeros, ones and greys."""
    x = rng.uniform(size=(B, D))
    return torch.as_tensor(np.where(rng.uniform(size=(B, D)) < 0.5, x > 0.5, x).astype(float))


def gaussian(x, mu, logvar):
    return -Normal(mu, torch.exp(logvar / 2)).log_prob(x).sum(1)


def coin(x, logits):
    return -Bernoulli(logits=logits, validate_args=False).log_prob(x).sum(1)


def divergence(mu1, logvar1, mu2, logvar2):
    return kl_divergence(Normal(mu1, torch.exp(logvar1 / 2)), Normal(mu2, torch.exp(logvar2 / 2))).sum(1)


def derive(nb, name, cotangent, *args):
    """Values and gradients with respect to every argument."""
    leaves = [argument.clone().requires_grad_(True) for argument in args]
    values = getattr(nb, name)(*leaves)
    if not values.requires_grad:
        return values, [None] * len(leaves)
    return values, list(torch.autograd.grad(values, leaves, cotangent, allow_unused=True))


def gradients(function, cotangent, args):
    leaves = [argument.clone().requires_grad_(True) for argument in args]
    return torch.autograd.grad(function(*leaves), leaves, cotangent)


@pytest.mark.points(
    0.7,
    hint="Every function gives one number for each row, (B,), in the dtype of its arguments, changes nothing that it "
    "is given and is written out without the library's own densities.",
)
def test_shapes_and_dtypes(student, rng):
    for B, D in [(5, 3), (1, 4)]:
        (mu1, logvar1), (mu2, logvar2) = normal(rng, B, D), normal(rng, B, D)
        x = grey(rng, B, D)
        for dtype in (torch.float32, torch.float64):
            m1, s1, m2, s2, pixels = (t.to(dtype) for t in (mu1, logvar1, mu2, logvar2, x))
            asked = str(dtype).removeprefix("torch.")
            with student.pure(), student.forbids(*FORBIDDEN):
                answers = {
                    "gaussian_nll": student.gaussian_nll(m2, m1, s1),
                    "bernoulli_nll": student.bernoulli_nll(pixels, m1),
                    "kl_gauss": student.kl_gauss(m1, s1, m2, s2),
                    "kl_gauss from the standard normal": student.kl_gauss(m1, s1),
                }
            for name, answer in answers.items():
                array(answer, shape=(B,), dtype=asked, what=name)


@pytest.mark.points(
    0.8, hint="Write the density of one coordinate down, take the logarithm, and look at every factor and constant."
)
def test_gaussian_values(student, rng):
    for B, D in SIZES:
        mu, logvar = normal(rng, B, D)
        x = mu + 2 * tensor(rng, B, D)
        with student.forbids(*FORBIDDEN):
            answer = student.gaussian_nll(x, mu, logvar)
        close(answer, gaussian(x, mu, logvar), what=f"gaussian_nll of ({B}, {D})", factors={"D": D, "1/D": 1 / D})
    x, mu, logvar = tensor(rng, 5, 3), *normal(rng, 5, 3)
    single = student.gaussian_nll(x.float(), mu.float(), logvar.float())
    close(single, gaussian(x, mu, logvar).float(), what="gaussian_nll of float32", atol=1e-5)


@pytest.mark.points(
    0.8, hint="x is the weight of heads, whose probability is sigmoid(logit); 1 - x is the weight of tails; sum over D."
)
def test_coin_values(student, rng):
    for B, D in SIZES:
        x, logits = grey(rng, B, D), 3 * tensor(rng, B, D)
        with student.forbids(*FORBIDDEN):
            answer = student.bernoulli_nll(x, logits)
        expected = coin(x, logits)
        close(answer, expected, atol=ABOUT_ZERO, what=f"bernoulli_nll of ({B}, {D})", factors={"D": D, "1/D": 1 / D})


@pytest.mark.points(
    0.9,
    hint="The first distribution is the one that is averaged over; the second variance divides. What is left out is "
    "zero, each of the two for itself.",
)
def test_divergence_values(student, rng):
    for B, D in SIZES:
        (mu1, logvar1), (mu2, logvar2) = normal(rng, B, D), normal(rng, B, D)
        zero, sizes = torch.zeros_like(mu1), {"D": D, "1/D": 1 / D}
        with student.forbids(*FORBIDDEN):
            answer = student.kl_gauss(mu1, logvar1, mu2, logvar2)
        close(answer, divergence(mu1, logvar1, mu2, logvar2), what=f"kl_gauss of ({B}, {D})", factors=sizes)
        answer = student.kl_gauss(mu1, logvar1)
        close(answer, divergence(mu1, logvar1, zero, zero), what="kl_gauss from the standard normal", factors=sizes)
        answer = student.kl_gauss(mu1, logvar1, mu2=mu2)
        close(answer, divergence(mu1, logvar1, mu2, zero), what="kl_gauss with mu2 alone")
        answer = student.kl_gauss(mu1, logvar1, logvar2=logvar2)
        close(answer, divergence(mu1, logvar1, zero, logvar2), what="kl_gauss with logvar2 alone")


@pytest.mark.points(
    1.8, hint="Gradients have to reach every argument, the log-variances and the second distribution too: no detach."
)
def test_gradients(student, rng):
    for B, D in [(5, 7), (4, 4), (1, 3)]:
        cotangent = tensor(rng, B)
        (mu1, logvar1), (mu2, logvar2) = normal(rng, B, D), normal(rng, B, D)
        cases = {
            "gaussian_nll": (gaussian, (mu2 + tensor(rng, B, D), mu1, logvar1)),
            "bernoulli_nll": (coin, (grey(rng, B, D), 3 * tensor(rng, B, D))),
            "kl_gauss": (divergence, (mu1, logvar1, mu2, logvar2)),
        }
        for name, (function, args) in cases.items():
            _, answer = unpack(student.run(derive, name, cotangent, *args), 2)
            answer = unpack(answer, len(args), what="the gradients")
            for place, expected in enumerate(gradients(function, cotangent, args)):
                what = f"the gradient of {name} with respect to argument {place + 1}"
                require(answer[place] is not None, f"{what}: none arrives there")
                close(answer[place], expected, what=what, atol=ABOUT_ZERO)


@pytest.mark.points(
    1.0, hint="A sure mistake costs as much as its logit says, and no exponential may see a large positive number."
)
def test_extreme_numbers(student, rng):
    logits = torch.tensor([[1e4, -1e4, 0.5], [-800.0, 800.0, -40.0], [-1e4, 30.0, 1e4]], dtype=torch.float64)
    for x in (torch.zeros_like(logits), torch.ones_like(logits), grey(rng, 3, 3)):
        expected = (torch.logaddexp(torch.zeros_like(logits), logits) - x * logits).sum(1)
        close(student.bernoulli_nll(x, logits), expected, atol=ABOUT_ZERO, what="bernoulli_nll of large logits")
        values, answer = unpack(student.run(derive, "bernoulli_nll", torch.ones(3).double(), x, logits), 2)
        close(values, expected, atol=ABOUT_ZERO, what="bernoulli_nll of large logits")
        slope = unpack(answer, 2, what="the gradients")[1]
        close(slope, torch.sigmoid(logits) - x, atol=ABOUT_ZERO, what="its gradient at large logits")
    logits, x = logits.float(), torch.ones(3, 3)
    expected = (torch.logaddexp(torch.zeros_like(logits), logits) - logits).sum(1)
    close(student.bernoulli_nll(x, logits), expected, what="bernoulli_nll of large float32 logits")
    mu, logvar = tensor(rng, 4, 2), torch.tensor([[-30.0, 30.0], [20.0, 8.0], [-9.0, -12.0], [0.0, 0.0]]).double()
    x = mu + tensor(rng, 4, 2) * torch.exp(logvar / 2)
    close(student.gaussian_nll(x, mu, logvar), gaussian(x, mu, logvar), rtol=1e-7, what="gaussian_nll, large logvar")
    answer, expected = student.kl_gauss(mu, logvar), divergence(mu, logvar, 0 * mu, 0 * mu)
    close(answer, expected, rtol=1e-7, what="kl_gauss with large log-variances")
    close(student.kl_gauss(mu, 0 * mu, mu, 0 * mu), torch.zeros(4).double(), what="kl_gauss of equal distributions")


def rows(answer, n, what):
    return array(answer, shape=(n,), dtype="float", what=what)


@pytest.mark.points(
    1.0,
    hint="A divergence is 0 for equal distributions and positive otherwise, adds up over coordinates, and is the mean "
    "of the difference of the two log-densities under the first distribution.",
)
def test_divergence_laws(student, rng):
    B, D, n = 6, 5, 20_000
    (mu1, logvar1), (mu2, logvar2) = normal(rng, B, D), normal(rng, B, D)
    own = student.kl_gauss(mu1, logvar1, mu1, logvar1)
    close(own, torch.zeros(B).double(), atol=1e-10, what="kl_gauss of equal distributions")
    whole = rows(student.kl_gauss(mu1, logvar1, mu2, logvar2), B, "kl_gauss")
    require((whole > 0).all(), "the divergence of two different distributions must be positive")
    parts = [
        rows(student.kl_gauss(*(t[:, d : d + 1] for t in (mu1, logvar1, mu2, logvar2))), B, "kl_gauss")
        for d in range(D)
    ]
    close(sum(parts), whole, what="the sum of kl_gauss over single coordinates")
    x = mu1[:1] + tensor(rng, n, D) * torch.exp(logvar1[:1] / 2)
    first, second = (
        rows(student.gaussian_nll(x, mu.expand(n, D).contiguous(), logvar.expand(n, D).contiguous()), n, "gaussian_nll")
        for mu, logvar in ((mu1[:1], logvar1[:1]), (mu2[:1], logvar2[:1]))
    )
    with np.errstate(all="ignore"):
        gap = second - first
        require(
            abs(gap.mean() - whole[0]) <= 6 * gap.std() / np.sqrt(n),
            "kl_gauss does not agree with the mean difference of gaussian_nll over samples of the first distribution",
        )
