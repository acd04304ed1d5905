# %% [raw]
# # BEGIN QUESTION
# name: q5
# points: 0

# %% [markdown]
# ## q5. GAN objectives and the gradient penalty (7 points)
#
# A generator makes $x = G(z)$ out of noise, a discriminator says how much it takes $x$ for data, and they are trained
# against each other. There are several ways to write the quarrel down. Let $r = D(x)$ be the outputs for real rows and
# $f = D(G(z))$ those for fakes: **logits**, nothing squashed.
#
# | kind | loss of D | loss of G |
# |---|---|---|
# | `"minimax"` | $-\overline{\ln \sigma(r)} - \overline{\ln (1 - \sigma(f))}$ | $\overline{\ln (1 - \sigma(f))}$ |
# | `"nonsaturating"` | as minimax | $-\overline{\ln \sigma(f)}$ |
# | `"lsgan"` | $\frac12 \overline{(r - 1)^2} + \frac12 \overline{f^2}$ | $\frac12 \overline{(f - 1)^2}$ |
# | `"wgan"` | $\overline{f} - \overline{r}$ | $-\overline{f}$ |
#
# A bar is the mean over its own batch; real and fake batches may be of different sizes. Both networks *minimise* their
# loss. Minimax is the game as it was first written down, and its generator learns nothing when the discriminator is
# sure. Nonsaturating has the same solution and its gradient where it is needed. In WGAN, $D$ must not be too steep
# anywhere, which is asked for between real and fake points:
#
# $$\text{penalty} = \frac1B \sum_{b=1}^{B} \bigl( \lVert \nabla_{\hat x} D(\hat x_b) \rVert_2 - 1 \bigr)^2, \qquad
# \hat x_b = u_b x_b + (1 - u_b)\, G(z_b)$$
#
# | function | arguments | returns |
# |---|---|---|
# | `gan_loss_d` | `kind`, `real` and `fake`: each `(B,)` or `(B, 1)` logits | scalar tensor |
# | `gan_loss_g` | `kind`, `fake` | scalar tensor |
# | `gradient_penalty` | `D` (a callable), `real`, `fake` `(B, ...)`, `u (B,)` | scalar tensor, through which the parameters of `D` get gradients |
#
# `real` and `fake` of the penalty are data: rows, images `(B, C, H, W)`, anything. `D` returns `(B,)` or `(B, 1)`. The
# norm is over all coordinates of one sample. Where $D$ is flat the norm is 0, so that the sample costs 1, and the gradients stay finite. The penalty
# leaves nothing in any `.grad`; whether gradients reach `real`, `fake` and `u`, too, is up to you. Another kind is a `ValueError`.
# `F.binary_cross_entropy`, `F.binary_cross_entropy_with_logits`, `nn.BCELoss` and `nn.BCEWithLogitsLoss` are ruled out.
#
# **On paper.** With all logits 0, minimax and nonsaturating cost D $2 \ln 2 = 1.386294$; G pays $-\ln 2$ and $\ln 2$. At a
# fake logit of $-20$ (D is sure) the derivative of G's loss is $-\sigma(-20) = -2 \cdot 10^{-9}$ for minimax, and $-1$,
# nearly, for nonsaturating. For $D(x) = w \cdot x$ the gradient is $w$ everywhere: the penalty is $(\lVert w \rVert - 1)^2$.
#
# **What usually goes wrong**
# - $\ln(1 - \sigma(f))$ at $f = 1000$ is $-1000$. What does the computer say? And which function is it, simplified?
# - Is G to make $\ln(1 - \sigma(f))$ small or large? Which sign does its *loss* have?
# - A `(B, 1)` minus a `(B,)` is a `(B, B)`. Would its mean give it away?
# - 3 real rows and 100 fakes: what does the mean over the concatenation of both do?
# - Is the norm taken for each sample, over channels, height and width together, or once for the whole batch?
# - The penalty is a function of a gradient and is itself differentiated. What does `create_graph=True` do?
# - Is a slope below 1 punished as well?
#
# *Read:* Prince ch. 15; Goodfellow §20.10.4. Papers: Goodfellow et al. 2014; Mao et al. 2017 (LSGAN); Arjovsky, Chintala
# and Bottou 2017 (WGAN); Gulrajani et al. 2017 (gradient penalty).

# %% [raw]
# # BEGIN SOLUTION

# %%
# q5


def gan_loss_d(kind: str, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """The discriminator's loss, to be minimised.

    kind: "minimax", "nonsaturating", "lsgan" or "wgan", otherwise ValueError
    real, fake: logits (B,) or (B, 1), batches of possibly different sizes;  returns a scalar
    """
    # BEGIN SOLUTION NO PROMPT
    if kind in ("minimax", "nonsaturating"):
        return -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean()  # 1 - sigmoid(f) = sigmoid(-f)
    if kind == "lsgan":
        return 0.5 * ((real - 1) ** 2).mean() + 0.5 * (fake**2).mean()
    if kind == "wgan":
        return fake.mean() - real.mean()
    raise ValueError(f"there is no GAN of kind {kind!r}")
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: gan_loss_d is not implemented yet")
    """  # END PROMPT


def gan_loss_g(kind: str, fake: torch.Tensor) -> torch.Tensor:
    """The generator's loss, to be minimised.

    kind: as above;  fake: logits (B,) or (B, 1);  returns a scalar
    """
    # BEGIN SOLUTION NO PROMPT
    if kind == "minimax":
        return F.logsigmoid(-fake).mean()
    if kind == "nonsaturating":
        return -F.logsigmoid(fake).mean()
    if kind == "lsgan":
        return 0.5 * ((fake - 1) ** 2).mean()
    if kind == "wgan":
        return -fake.mean()
    raise ValueError(f"there is no GAN of kind {kind!r}")
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: gan_loss_g is not implemented yet")
    """  # END PROMPT


def gradient_penalty(D, real: torch.Tensor, fake: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    """How far the slope of D is from 1 at u * real + (1 - u) * fake: mean of (norm - 1)^2.

    D: callable, (B, ...) -> (B,) or (B, 1);  real, fake: (B, ...);  u: (B,) in [0, 1]
    returns a scalar that can be differentiated with respect to the parameters of D
    """
    # BEGIN SOLUTION NO PROMPT
    u = u.reshape(-1, *[1] * (real.dim() - 1))  # (B, 1, ...)
    between = (u * real + (1 - u) * fake).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)  # (B, ...)
    return ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q5: gradient_penalty is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_losses_at_zero(gan_loss_d, gan_loss_g):
    """all losses when every logit is 0"""
    import torch

    expected = {"minimax": (1.386294, -0.693147), "nonsaturating": (1.386294, 0.693147)}
    expected |= {"lsgan": (0.5, 0.5), "wgan": (0.0, 0.0)}
    for kind, (d, g) in expected.items():
        yours = gan_loss_d(kind, torch.zeros(3), torch.zeros(5))
        assert near(yours, d, 1e-5), f"{kind}: the loss of D at logits 0 is {d}, yours is {yours}"
        yours = gan_loss_g(kind, torch.zeros(5, 1))
        assert near(yours, g, 1e-5), f"{kind}: the loss of G at logits 0 is {g}, yours is {yours}"


# %%
def test_who_still_learns(gan_loss_g):
    """what G learns from a fake that D is sure about (logit -20)"""
    import torch

    slopes = {}
    for kind in ("minimax", "nonsaturating", "lsgan", "wgan"):
        fake = torch.full((1,), -20.0, requires_grad=True)
        gan_loss_g(kind, fake).backward()
        slopes[kind] = fake.grad.item()
        print(f"{kind:14s} derivative of G's loss {slopes[kind]:.3g}")
        assert slopes[kind] < 0, f"{kind}: G wants larger logits, so the derivative is negative; yours {slopes[kind]}"
    assert abs(slopes["minimax"]) < 1e-6 and abs(slopes["nonsaturating"] + 1) < 1e-3, "see the example on paper"


# %%
def test_penalty_of_a_plane(gradient_penalty):
    """the penalty of D(x) = 3 a + 4 b is (5 - 1)^2"""
    import torch

    w = torch.tensor([3.0, 4.0], requires_grad=True)
    real, fake, u = torch.zeros(3, 2), torch.ones(3, 2), torch.tensor([0.0, 0.5, 1.0])
    penalty = gradient_penalty(lambda x: x @ w, real, fake, u)
    assert near(penalty.detach(), 16.0, 1e-4), f"|w| = 5, the penalty is (5 - 1)^2 = 16, yours is {penalty}"
    penalty.backward()
    assert w.grad is not None and near(w.grad, [4.8, 6.4], 1e-4), f"its gradient is 2 (5 - 1) w/5, yours is {w.grad}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: what each loss says to the generator


@experiment
def four_quarrels():
    import matplotlib.pyplot as plt

    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.5))
    for kind in ("minimax", "nonsaturating", "lsgan", "wgan"):
        logit = torch.linspace(-8, 8, 161, requires_grad=True)
        losses = torch.stack([gan_loss_g(kind, t.reshape(1)) for t in logit])
        (slope,) = torch.autograd.grad(losses.sum(), logit)
        left.plot(logit.detach(), losses.detach(), label=kind)
        right.plot(logit.detach(), -slope, label=kind)
    left.set(ylim=(-8, 12), xlabel="logit of a fake: D is sure <-> D is fooled", title="loss of G")
    right.set(ylim=(-3, 4), xlabel="logit of a fake", title="push towards larger logits")
    left.legend()
    plt.show()


# %%
# experiment: a generator of one number, against four discriminators


@experiment
def one_number():
    import matplotlib.pyplot as plt

    # data N(3, 0.5^2); G(z) = a + b z starts at N(-1, 1). D is a small network, trained five steps for each step of G
    fig, axes = plt.subplots(1, 4, figsize=(13, 3.2), sharey=True)
    for ax, kind in zip(axes, ("minimax", "nonsaturating", "lsgan", "wgan"), strict=True):
        torch.manual_seed(0)
        ab = torch.tensor([-1.0, 1.0], requires_grad=True)
        judge = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
        move_ab, move_judge = (
            torch.optim.Adam([ab], lr=0.02, betas=(0.5, 0.9)),
            torch.optim.Adam(judge.parameters(), lr=0.03 if kind == "wgan" else 0.01, betas=(0.5, 0.9)),
        )
        means = []
        for _ in range(300):
            for _ in range(5):
                real, fake = 3 + 0.5 * torch.randn(64, 1), (ab[0] + ab[1] * torch.randn(64, 1)).detach()
                cost = gan_loss_d(kind, judge(real), judge(fake))
                if kind.startswith("w"):
                    # ten times the penalty, as in the paper, would hold this small D at a slope of -1, where it began
                    cost = cost + gradient_penalty(judge, real, fake, torch.rand(64))
                move_judge.zero_grad()
                cost.backward()
                move_judge.step()
            move_ab.zero_grad()
            gan_loss_g(kind, judge(ab[0] + ab[1] * torch.randn(64, 1))).backward()
            move_ab.step()
            means.append(ab[0].item())
        ax.plot(means)
        ax.axhline(3, color="black", linestyle=":")
        ax.set(title=f"{kind}: ends at {ab[0]:.2f}\nwith spread {ab[1].abs():.2f}", xlabel="steps of G")
    axes[0].set_ylabel("mean of the fakes (data: dotted)")
    fig.tight_layout()
    plt.show()
