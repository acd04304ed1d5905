# %% [raw]
# # BEGIN QUESTION
# name: q6
# points: 0

# %% [markdown]
# ## q6. One step of the discriminator, one of the generator (9 points)
#
# Two networks, two optimisers, one chain of computation $z \to G \to D$: nowhere in deep learning is it easier to update
# the wrong thing. And mistakes of this kind do not show. A generator step that moves the discriminator as well still
# finds all the modes of a toy data set; a fake that was not detached leaves its gradient in G, and nobody sees it until a
# step takes it for its own.
#
# With the nonsaturating losses of q5:
#
# $$\theta_D \leftarrow \text{step on } -\overline{\ln \sigma(D(x))} - \overline{\ln \sigma(-D(G(z)))} \qquad
# \theta_G \leftarrow \text{step on } -\overline{\ln \sigma(D(G(z)))}$$
#
# | function | arguments | does | returns |
# |---|---|---|---|
# | `d_step` | `G`, `D`, `opt_d`, `x (B, ...)`, `z (B, z_dim)` | one step of `opt_d` on D | D's loss before the step, a Python float |
# | `g_step` | `G`, `D`, `opt_g`, `z` | one step of `opt_g` on G | G's loss before the step, a Python float |
#
# **The contract.**
# - `d_step` leaves G alone: its parameters, their `.grad` (also if it is `None`, also if something is in it), their
#   `requires_grad`. The same holds for `g_step` and D.
# - Whatever lies in the `.grad` of the network that is trained is old and must not count. What lies there after the step is up to you.
# - Both networks are run in the mode that they are in, training or not (batch normalisation goes on collecting its
#   statistics, that is fine). G is run once in each step, on `z` as it is. D is run once in `g_step`, and in `d_step` once or twice: on `x` and on the fakes,
#   or on both in one batch.
# - Some parameters of either network may be frozen (`requires_grad` False): they stay as they are, and frozen.
# - The optimisers belong to the caller, and so does their state.
#
# **On paper.** $G(z) = a z$ and $D(x) = w x$ with $a = 1$, $w = 0$, one row $x = 2$, $z = 1$, plain gradient descent with
# step size 1. All logits are 0. The loss of D is $2 \ln 2$, $\partial / \partial w = -\frac12 \cdot 2 + \frac12 \cdot 1 =
# -\frac12$, so $w = \frac12$. Now G: the logit of the fake is $\frac12$, $\partial / \partial a = -\sigma(-\frac12) \cdot w
# \cdot z = -0.188770$, so $a = 1.188770$.
#
# **What usually goes wrong**
# - G is at the front of the chain, D at the end. To which of the two does `loss.backward()` of `d_step` give gradients?
#   To which that of `g_step`? Where must something be detached, and where on no account?
# - `opt_g.zero_grad()` clears the gradients of G. Who clears what `g_step` has left in D?
# - Gradients are cleared before the backward pass, after it, or after the step. Which of these does what?
# - If you set `requires_grad` of D to False: who sets it back? For a layer that had been frozen by the caller, too?
# - What is kept alive by a loss that is returned as a tensor?
# - What does a fresh `torch.optim.Adam(...)` inside the step know about the steps before?
#
# *Read:* Prince §15.1; Goodfellow §20.10.4. Papers: Goodfellow et al. 2014; Radford, Metz and Chintala 2016.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q6


def d_step(G: nn.Module, D: nn.Module, opt_d: torch.optim.Optimizer, x: torch.Tensor, z: torch.Tensor) -> float:
    """Update D once, in place, with the nonsaturating loss; touch nothing of G.

    x: (B, ...) real rows;  z: (B, z_dim) noise;  returns the loss before the step
    """
    # BEGIN SOLUTION NO PROMPT
    with torch.no_grad():  # no path leads from the loss back to G
        fake = G(z)
    loss_d = gan_loss_d("nonsaturating", D(x), D(fake))
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    return loss_d.item()
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q6: d_step is not implemented yet")
    """  # END PROMPT


def g_step(G: nn.Module, D: nn.Module, opt_g: torch.optim.Optimizer, z: torch.Tensor) -> float:
    """Update G once, in place, with the nonsaturating loss; touch nothing of D, its .grad included.

    z: (B, z_dim) noise;  returns the loss before the step
    """
    # BEGIN SOLUTION NO PROMPT
    loss_g = gan_loss_g("nonsaturating", D(G(z)))
    weights = [w for w in G.parameters() if w.requires_grad]
    for w, slope in zip(weights, torch.autograd.grad(loss_g, weights), strict=True):  # D's .grad is never written
        w.grad = slope
    opt_g.step()
    return loss_g.item()
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q6: g_step is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_steps_by_hand(d_step, g_step):
    """the two steps of the example on paper"""
    import torch

    G, D = torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.ones_(G.weight), torch.nn.init.zeros_(D.weight)
    opt_g, opt_d = torch.optim.SGD(G.parameters(), lr=1.0), torch.optim.SGD(D.parameters(), lr=1.0)
    x, z = torch.tensor([[2.0]]), torch.tensor([[1.0]])
    loss = d_step(G, D, opt_d, x, z)
    assert isinstance(loss, float), f"a Python float is returned, yours is a {type(loss).__name__}"
    assert near(loss, 1.386294, 1e-5), f"the loss of D is 2 ln 2 = 1.386294, yours is {loss}"
    assert near(D.weight.item(), 0.5, 1e-5), f"w becomes 1/2, yours becomes {D.weight.item()}"
    loss = g_step(G, D, opt_g, z)
    assert near(loss, 0.474077, 1e-5), f"the loss of G is -ln sigmoid(1/2) = 0.474077, yours is {loss}"
    assert near(G.weight.item(), 1.188770, 1e-5), f"a becomes 1.188770, yours becomes {G.weight.item()}"


# %%
def test_who_moved(d_step, g_step):
    """which parameters moved, and where gradients are left behind"""
    import torch

    G, D = torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)
    opt_g, opt_d = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
    generator = torch.Generator().manual_seed(0)
    x, z = torch.randn(5, 3, generator=generator), torch.randn(5, 2, generator=generator)
    for name, step in (("d_step", lambda: d_step(G, D, opt_d, x, z)), ("g_step", lambda: g_step(G, D, opt_g, z))):
        before = G.weight.detach().clone(), D.weight.detach().clone()
        grads = [None if p.weight.grad is None else p.weight.grad.clone() for p in (G, D)]
        step()
        moved = [not torch.equal(now.weight, then) for now, then in zip((G, D), before, strict=True)]
        print(f"{name}: G moved: {moved[0]}, D moved: {moved[1]}")
        assert moved == [name == "g_step", name == "d_step"], f"{name} moved the wrong network"
        other, then = ((G, grads[0]), (D, grads[1]))[name == "g_step"]
        same = other.weight.grad is None if then is None else torch.equal(other.weight.grad, then)
        assert same, f"{name} changes .grad of the network that it does not train"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: a generator finds two moons


@experiment
def two_moons():
    import matplotlib.pyplot as plt
    from datasets import moons

    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    X = moons(4000, generator)
    maker = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    judge = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
    adams = [torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.99)) for net in (maker, judge)]
    fig, axes = plt.subplots(1, 6, figsize=(16, 3), sharex=True, sharey=True)
    shown = [0, 100, 300, 600, 1200, 1999]
    for step in range(2000):
        if step in shown:
            ax = axes[shown.index(step)]
            with torch.no_grad():
                points = maker(torch.randn(1000, 4, generator=generator))
            ax.scatter(*X[:1000].T, s=2, color="lightgray")
            ax.scatter(*points.T, s=2)
            ax.set_title(f"after {step} steps")
        rows = torch.randint(len(X), (128,), generator=generator)
        d_step(maker, judge, adams[1], X[rows], torch.randn(128, 4, generator=generator))
        g_step(maker, judge, adams[0], torch.randn(128, 4, generator=generator))
    axes[0].set(xlim=(-2.5, 2.5), ylim=(-2.5, 2.5))
    plt.show()
