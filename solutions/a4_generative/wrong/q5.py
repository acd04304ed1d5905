"""Wrong solutions of question 5: GAN objectives. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _penalty(D, between, target=1.0, per_sample=True, graph=True):
    between = between.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=graph)
    norm = slope.flatten(1).norm(dim=1) if per_sample else slope.norm()
    return ((norm - target) ** 2).mean()


def _between(real, fake, u):
    u = u.reshape(-1, *[1] * (real.dim() - 1))
    return u * real + (1 - u) * fake


# %% log_of_the_sigmoid | fails: test_sure_discriminators | hint: log(1 - sigmoid(f)) is log(0) for large logits: simplify it on paper.
def gan_loss_d(kind, real, fake):
    if kind not in ("minimax", "nonsaturating"):
        return _right["gan_loss_d"](kind, real, fake)
    return -torch.log(torch.sigmoid(real)).mean() - torch.log(1 - torch.sigmoid(fake)).mean()


# %% log_with_an_epsilon | fails: test_sure_discriminators | hint: An epsilon inside the logarithm caps the loss and its gradient.
def gan_loss_d(kind, real, fake):
    if kind not in ("minimax", "nonsaturating"):
        return _right["gan_loss_d"](kind, real, fake)
    return -torch.log(torch.sigmoid(real) + 1e-12).mean() - torch.log(1 - torch.sigmoid(fake) + 1e-12).mean()


# %% generators_log_of_the_sigmoid | fails: test_sure_discriminators | hint: log(sigmoid(f)) is log(0) for very negative logits: use log-sigmoid.
def gan_loss_g(kind, fake):
    if kind == "nonsaturating":
        return -torch.log(torch.sigmoid(fake)).mean()
    return torch.log(1 - torch.sigmoid(fake)).mean() if kind == "minimax" else _right["gan_loss_g"](kind, fake)


# %% labels_swapped | fails: test_losses_of_the_discriminator, test_gradients_of_the_losses | hint: Real and fake are swapped: D is to give real rows large logits.
def gan_loss_d(kind, real, fake):
    return _right["gan_loss_d"](kind, fake, real)


# %% generator_labels_swapped | fails: test_losses_of_the_generator, test_gradients_of_the_losses | hint: G wants its fakes to be taken for real: here it helps the discriminator.
def gan_loss_g(kind, fake):
    return _right["gan_loss_g"](kind, -fake)


# %% minimax_sign | fails: test_losses_of_the_generator, test_gradients_of_the_losses | hint: In minimax G makes ln(1 - sigmoid(f)) small: that is its loss, without a minus.
def gan_loss_g(kind, fake):
    return -_right["gan_loss_g"](kind, fake) if kind == "minimax" else _right["gan_loss_g"](kind, fake)


# %% nonsaturating_is_minimax | fails: test_losses_of_the_generator, test_gradients_of_the_losses | hint: The nonsaturating loss of G is -ln sigmoid(f), not ln(1 - sigmoid(f)).
def gan_loss_g(kind, fake):
    return _right["gan_loss_g"]("minimax" if kind == "nonsaturating" else kind, fake)


# %% minimax_is_nonsaturating | fails: test_losses_of_the_generator, test_gradients_of_the_losses | hint: The minimax loss of G is ln(1 - sigmoid(f)), which saturates.
def gan_loss_g(kind, fake):
    return _right["gan_loss_g"]("nonsaturating" if kind == "minimax" else kind, fake)


# %% discriminator_halved | fails: test_losses_of_the_discriminator, test_gradients_of_the_losses | hint: The two means are added, not averaged.
def gan_loss_d(kind, real, fake):
    loss = _right["gan_loss_d"](kind, real, fake)
    return loss / 2 if kind in ("minimax", "nonsaturating") else loss


# %% least_squares_without_the_half | fails: test_losses_of_the_discriminator, test_gradients_of_the_losses | hint: The least-squares losses have a factor 1/2.
def gan_loss_d(kind, real, fake):
    return _right["gan_loss_d"](kind, real, fake) * (2 if kind == "lsgan" else 1)


# %% generators_least_squares_without_the_half | fails: test_losses_of_the_generator, test_gradients_of_the_losses | hint: The least-squares losses have a factor 1/2.
def gan_loss_g(kind, fake):
    return _right["gan_loss_g"](kind, fake) * (2 if kind == "lsgan" else 1)


# %% mean_of_the_concatenation | fails: test_losses_of_the_discriminator, test_gradients_of_the_losses | hint: Each batch has its own mean; with unequal sizes the mean of both together is another.
def gan_loss_d(kind, real, fake):
    if kind not in ("minimax", "nonsaturating"):
        return _right["gan_loss_d"](kind, real, fake)
    return 2 * torch.cat([F.softplus(-real.flatten()), F.softplus(fake.flatten())]).mean()


# %% differences_broadcast | fails: test_shapes_of_the_losses, test_losses_of_the_discriminator | hint: real and fake are different batches: nothing may be subtracted row by row.
def gan_loss_d(kind, real, fake):
    return (fake - real).mean() if kind == "wgan" else _right["gan_loss_d"](kind, real, fake)


# %% sum_over_the_batch | fails: test_losses_of_the_generator, test_gradients_of_the_losses | hint: The loss is a mean over the batch.
def gan_loss_g(kind, fake):
    return _right["gan_loss_g"](kind, fake) * len(fake)


# %% one_loss_a_row | fails: test_shapes_of_the_losses, test_losses_of_the_generator | hint: The loss is one number, the mean.
def gan_loss_g(kind, fake):
    return torch.stack([_right["gan_loss_g"](kind, f.reshape(1)) for f in fake])


# %% squashed_before_the_square | fails: test_losses_of_the_discriminator, test_gradients_of_the_losses | hint: LSGAN takes the outputs of D as they are, without a sigmoid.
def gan_loss_d(kind, real, fake):
    if kind == "lsgan":
        real, fake = torch.sigmoid(real), torch.sigmoid(fake)
    return _right["gan_loss_d"](kind, real, fake)


# %% generator_squashed_before_the_square | fails: test_losses_of_the_generator, test_gradients_of_the_losses | hint: LSGAN takes the outputs of D as they are, without a sigmoid.
def gan_loss_g(kind, fake):
    return _right["gan_loss_g"](kind, torch.sigmoid(fake) if kind == "lsgan" else fake)


# %% least_squares_towards_zero | fails: test_losses_of_the_generator, test_gradients_of_the_losses | hint: G wants the output 1 for its fakes.
def gan_loss_g(kind, fake):
    return 0.5 * (fake**2).mean() if kind == "lsgan" else _right["gan_loss_g"](kind, fake)


# %% critic_sign | fails: test_losses_of_the_discriminator, test_gradients_of_the_losses | hint: The critic's loss falls when real rows get more and fakes get less: mean(f) - mean(r).
def gan_loss_d(kind, real, fake):
    return real.mean() - fake.mean() if kind == "wgan" else _right["gan_loss_d"](kind, real, fake)


# %% generators_critic_sign | fails: test_losses_of_the_generator, test_gradients_of_the_losses | hint: G wants large outputs, so its WGAN loss has a minus.
def gan_loss_g(kind, fake):
    return fake.mean() if kind == "wgan" else _right["gan_loss_g"](kind, fake)


# %% critic_with_a_logarithm | fails: test_losses_of_the_discriminator, test_gradients_of_the_losses | hint: There is no logarithm in WGAN.
def gan_loss_d(kind, real, fake):
    return _right["gan_loss_d"]("minimax" if kind == "wgan" else kind, real, fake)


# %% unknown_kinds_pass | fails: test_shapes_of_the_losses | hint: An unknown kind is a ValueError; a misspelt one must not be taken for another.
def gan_loss_g(kind, fake):
    return _right["gan_loss_g"](kind if kind in ("minimax", "nonsaturating", "lsgan") else "wgan", fake)


# %% library_cross_entropy | fails: test_shapes_of_the_losses, test_losses_of_the_discriminator | hint: The library's cross-entropy is ruled out in this question.
def gan_loss_d(kind, real, fake):
    if kind not in ("minimax", "nonsaturating"):
        return _right["gan_loss_d"](kind, real, fake)
    cost = nn.BCEWithLogitsLoss()
    return cost(real, torch.ones_like(real)) + cost(fake, torch.zeros_like(fake))


# %% losses_are_floats | fails: test_shapes_of_the_losses, test_gradients_of_the_losses | hint: .item() makes a number of a tensor, and nothing can be learnt from a number.
def gan_loss_g(kind, fake):
    return _right["gan_loss_g"](kind, fake).item()


# %% norm_of_the_whole_batch | fails: test_penalty_values, test_penalty_teaches_the_discriminator | hint: Each sample has its own gradient and its own norm.
def gradient_penalty(D, real, fake, u):
    return _penalty(D, _between(real, fake, u), per_sample=False)


# %% norm_over_one_axis | fails: test_penalty_values | hint: The norm of a sample's gradient is over all its coordinates: channels, height and width together.
def gradient_penalty(D, real, fake, u):
    between = _between(real, fake, u).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
    return ((slope.norm(dim=1) - 1) ** 2).mean()


# %% no_second_graph | fails: test_penalty_teaches_the_discriminator | hint: Without create_graph=True the penalty is a constant for the parameters of D.
def gradient_penalty(D, real, fake, u):
    return _penalty(D, _between(real, fake, u), graph=False)


# %% one_mixture_for_all | fails: test_penalty_values | hint: Every sample has its own u.
def gradient_penalty(D, real, fake, u):
    return _penalty(D, u[0] * real + (1 - u[0]) * fake)


# %% mixture_swapped | fails: test_penalty_values | hint: u weighs the real sample, 1 - u the fake one.
def gradient_penalty(D, real, fake, u):
    return _penalty(D, _between(fake, real, u))


# %% u_on_the_last_axis | fails: test_penalty_values | hint: u belongs to the samples (axis 0); broadcasting puts it on the last axis.
def gradient_penalty(D, real, fake, u):
    if real.shape[-1] != len(u):
        return _right["gradient_penalty"](D, real, fake, u)
    return _penalty(D, u * real + (1 - u) * fake)


# %% penalty_at_the_fakes | fails: test_penalty_values | hint: The slope is measured between real and fake, not at the fakes.
def gradient_penalty(D, real, fake, u):
    return _penalty(D, fake)


# %% penalty_towards_zero | fails: test_penalty_values, test_penalty_teaches_the_discriminator | hint: The slope is to be 1: the -1 is missing.
def gradient_penalty(D, real, fake, u):
    return _penalty(D, _between(real, fake, u), target=0.0)


# %% only_too_steep | fails: test_penalty_values, test_penalty_teaches_the_discriminator | hint: Slopes below 1 are punished too.
def gradient_penalty(D, real, fake, u):
    between = _between(real, fake, u).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
    return (torch.clamp(slope.flatten(1).norm(dim=1) - 1, min=0) ** 2).mean()


# %% squared_norm | fails: test_penalty_values, test_penalty_teaches_the_discriminator | hint: 1 is subtracted from the norm, not from its square.
def gradient_penalty(D, real, fake, u):
    between = _between(real, fake, u).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
    return (((slope.flatten(1) ** 2).sum(1) - 1) ** 2).mean()


# %% not_squared | fails: test_penalty_values, test_penalty_teaches_the_discriminator | hint: The deviation from 1 is squared.
def gradient_penalty(D, real, fake, u):
    between = _between(real, fake, u).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).abs().mean()


# %% summed_over_the_batch | fails: test_penalty_values, test_penalty_teaches_the_discriminator | hint: The penalty is a mean over the batch.
def gradient_penalty(D, real, fake, u):
    return _right["gradient_penalty"](D, real, fake, u) * len(real)


# %% weighted_already | fails: test_penalty_values, test_penalty_teaches_the_discriminator | hint: The factor 10 of the paper belongs to the caller.
def gradient_penalty(D, real, fake, u):
    return _right["gradient_penalty"](D, real, fake, u) * 10


# %% mean_of_the_outputs | fails: test_penalty_values, test_penalty_teaches_the_discriminator | hint: The gradient of the mean of D's outputs is B times too small for each sample: differentiate their sum.
def gradient_penalty(D, real, fake, u):
    between = _between(real, fake, u).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(D(between).mean(), between, create_graph=True)
    return ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()


# %% own_mixture | fails: test_penalty_values, test_shapes_of_the_losses | hint: u is given; nothing is drawn.
def gradient_penalty(D, real, fake, u):
    return _right["gradient_penalty"](D, real, fake, torch.rand_like(u))


# %% data_changed | fails: test_shapes_of_the_losses | hint: The caller's real batch is changed by the in-place operation.
def gradient_penalty(D, real, fake, u):
    mixed = _between(real, fake, u)
    real.copy_(mixed)
    return _right["gradient_penalty"](D, mixed, mixed, u)


# %% backward_inside | fails: test_penalty_teaches_the_discriminator | hint: .backward() leaves gradients in the parameters of D; torch.autograd.grad does not.
def gradient_penalty(D, real, fake, u):
    between = _between(real, fake, u).detach().requires_grad_(True)
    D(between).sum().backward(create_graph=True)
    return ((between.grad.flatten(1).norm(dim=1) - 1) ** 2).mean()


# Left out: real and fake swapped in the mixture for random u, which has the same distribution; with the given u it is
# mixture_swapped.


# %% root_of_a_sum_of_squares | fails: test_penalty_where_the_discriminator_is_flat | hint: Where D is flat, the root of the sum of squares has an infinite slope, and D's parameters become nan.
def gradient_penalty(D, real, fake, u):
    u = u.reshape(-1, *[1] * (real.dim() - 1))
    between = (u * real + (1 - u) * fake).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
    return (((slope.flatten(1) ** 2).sum(dim=1).sqrt() - 1) ** 2).mean()


# %% kind_by_its_beginning | fails: test_shapes_of_the_losses | hint: "wgan-gp" is none of the four kinds: another kind is a ValueError.
def gan_loss_d(kind, real, fake):
    return _right["gan_loss_d"]("wgan" if kind.startswith("wgan") else kind, real, fake)
