"""Wrong solutions of question 6: steps of a GAN. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _loss_d(G, D, x, z):
    with torch.no_grad():
        fake = G(z)
    return gan_loss_d("nonsaturating", D(x), D(fake))


def _learn_g(G, D, opt_g, z, loss_of):
    """A right g_step for another loss."""
    loss = loss_of(D(G(z)))
    weights = [w for w in G.parameters() if w.requires_grad]
    for w, slope in zip(weights, torch.autograd.grad(loss, weights), strict=True):
        w.grad = slope
    opt_g.step()
    return loss.item()


# %% fake_not_detached | fails: test_d_step_leaves_the_generator_alone | hint: backward of D's loss runs on into G: detach the fakes.
def d_step(G, D, opt_d, x, z):
    loss = gan_loss_d("nonsaturating", D(x), D(G(z)))
    opt_d.zero_grad()
    loss.backward()
    opt_d.step()
    return loss.item()


# %% generator_cleared_in_d_step | fails: test_d_step_leaves_the_generator_alone | hint: What lies in G's .grad is not d_step's business, not even to clear it.
def d_step(G, D, opt_d, x, z):
    loss = gan_loss_d("nonsaturating", D(x), D(G(z)))
    opt_d.zero_grad()
    loss.backward()
    opt_d.step()
    G.zero_grad()
    return loss.item()


# %% generator_trained_in_d_step | fails: test_d_step_leaves_the_generator_alone | hint: d_step moves the parameters of G as well.
def d_step(G, D, opt_d, x, z):
    loss = _right["d_step"](G, D, opt_d, x, z)
    with torch.no_grad():
        for w in G.parameters():
            w -= 1e-3 * w
    return loss


# %% fake_detached_in_g_step | fails: test_g_step_moves_the_generator, test_steps_in_a_row | hint: In g_step nothing may be detached: G learns through D.
def g_step(G, D, opt_g, z):
    loss = gan_loss_g("nonsaturating", D(G(z).detach()))
    opt_g.zero_grad()
    opt_g.step()
    return loss.item()


# %% generator_goes_the_wrong_way | fails: test_g_step_moves_the_generator | hint: The sign: G is helping the discriminator.
def g_step(G, D, opt_g, z):
    return _learn_g(G, D, opt_g, z, lambda f: -gan_loss_g("nonsaturating", f))


# %% saturating_generator | fails: test_g_step_moves_the_generator | hint: That is the minimax loss; the nonsaturating one was asked for.
def g_step(G, D, opt_g, z):
    return _learn_g(G, D, opt_g, z, lambda f: gan_loss_g("minimax", f))


# %% old_gradients_count_for_d | fails: test_steps_in_a_row, test_old_gradients_modes_and_flags | hint: zero_grad is missing: gradients of earlier steps add up in D.
def d_step(G, D, opt_d, x, z):
    loss = _loss_d(G, D, x, z)
    loss.backward()
    opt_d.step()
    return loss.item()


# %% old_gradients_count_for_g | fails: test_steps_in_a_row, test_old_gradients_modes_and_flags | hint: zero_grad is missing: gradients of earlier steps add up in G.
def g_step(G, D, opt_g, z):
    loss = gan_loss_g("nonsaturating", D(G(z)))
    weights = list(G.parameters())
    for w, slope in zip(weights, torch.autograd.grad(loss, weights), strict=True):
        w.grad = slope if w.grad is None else w.grad + slope
    opt_g.step()
    return loss.item()


# %% gradients_left_in_d | fails: test_g_step_leaves_the_discriminator_alone | hint: backward of G's loss passes through D and leaves gradients in its .grad.
def g_step(G, D, opt_g, z):
    loss = gan_loss_g("nonsaturating", D(G(z)))
    opt_g.zero_grad()
    loss.backward()
    opt_g.step()
    return loss.item()


# %% gradients_of_d_cleared | fails: test_g_step_leaves_the_discriminator_alone | hint: D's .grad has to stay as it was; you clear it.
def g_step(G, D, opt_g, z):
    loss = gan_loss_g("nonsaturating", D(G(z)))
    opt_g.zero_grad()
    loss.backward()
    opt_g.step()
    D.zero_grad()
    return loss.item()


# %% discriminator_trained_in_g_step | fails: test_g_step_leaves_the_discriminator_alone | hint: g_step moves the discriminator too.
def g_step(G, D, opt_g, z):
    loss = gan_loss_g("nonsaturating", D(G(z)))
    opt_g.zero_grad()
    loss.backward()
    opt_g.step()
    with torch.no_grad():
        for w in D.parameters():
            w -= 0.01 * w.grad
    return loss.item()


# %% cleared_after_backward | fails: test_d_step_moves_the_discriminator | hint: zero_grad between backward and step throws away what was just computed.
def d_step(G, D, opt_d, x, z):
    loss = _loss_d(G, D, x, z)
    loss.backward()
    opt_d.zero_grad()
    opt_d.step()
    return loss.item()


# %% step_before_backward | fails: test_d_step_moves_the_discriminator, test_steps_in_a_row | hint: The step is taken before the gradient is there.
def d_step(G, D, opt_d, x, z):
    loss = _loss_d(G, D, x, z)
    opt_d.step()
    opt_d.zero_grad()
    loss.backward()
    return loss.item()


# %% real_rows_only | fails: test_d_step_moves_the_discriminator | hint: The fakes are missing in D's loss.
def d_step(G, D, opt_d, x, z):
    G(z)
    loss = F.softplus(-D(x)).mean()
    opt_d.zero_grad()
    loss.backward()
    opt_d.step()
    return loss.item()


# %% fakes_only | fails: test_d_step_moves_the_discriminator | hint: The real rows are missing in D's loss.
def d_step(G, D, opt_d, x, z):
    loss = F.softplus(D(G(z).detach())).mean()
    opt_d.zero_grad()
    loss.backward()
    opt_d.step()
    return loss.item()


# %% labels_swapped | fails: test_d_step_moves_the_discriminator | hint: Real and fake are swapped.
def d_step(G, D, opt_d, x, z):
    loss = gan_loss_d("nonsaturating", D(G(z).detach()), D(x))
    opt_d.zero_grad()
    loss.backward()
    opt_d.step()
    return loss.item()


# %% halved_loss | fails: test_d_step_moves_the_discriminator | hint: The two parts of D's loss are added, not averaged.
def d_step(G, D, opt_d, x, z):
    loss = _loss_d(G, D, x, z) / 2
    opt_d.zero_grad()
    loss.backward()
    opt_d.step()
    return loss.item()


# %% noisy_data | fails: test_d_step_moves_the_discriminator, test_steps_return_floats_and_draw_nothing | hint: x is used as it is.
def d_step(G, D, opt_d, x, z):
    return _right["d_step"](G, D, opt_d, x + 0.01 * torch.randn_like(x), z)


# %% own_noise | fails: test_g_step_moves_the_generator, test_steps_return_floats_and_draw_nothing | hint: z is given; nothing is drawn.
def g_step(G, D, opt_g, z):
    return _right["g_step"](G, D, opt_g, torch.randn_like(z))


# %% generator_in_eval_mode | fails: test_old_gradients_modes_and_flags | hint: G stays in the mode that it is in: with batch statistics, not with the running ones.
def d_step(G, D, opt_d, x, z):
    mode = G.training
    G.eval()
    loss = _right["d_step"](G, D, opt_d, x, z)
    G.train(mode)
    return loss


# %% modes_changed | fails: test_old_gradients_modes_and_flags | hint: The modes of the networks (train or eval) are the caller's.
def g_step(G, D, opt_g, z):
    D.eval()
    return _right["g_step"](G, D, opt_g, z)


# %% discriminator_frozen_for_good | fails: test_g_step_leaves_the_discriminator_alone, test_steps_in_a_row | hint: D was frozen and never thawed: the next d_step fails.
def g_step(G, D, opt_g, z):
    D.requires_grad_(False)
    return _right["g_step"](G, D, opt_g, z)


# %% all_thawed | fails: test_old_gradients_modes_and_flags | hint: A parameter of D that the caller had frozen is no longer frozen: restore each flag as it was.
def g_step(G, D, opt_g, z):
    D.requires_grad_(False)
    loss = _right["g_step"](G, D, opt_g, z)
    D.requires_grad_(True)
    return loss


# %% returns_a_tensor | fails: test_steps_return_floats_and_draw_nothing | hint: Return a Python float: a tensor keeps the whole graph alive.
def d_step(G, D, opt_d, x, z):
    return torch.tensor(_right["d_step"](G, D, opt_d, x, z))


# %% loss_after_the_step | fails: test_d_step_moves_the_discriminator | hint: The loss before the step was asked for.
def d_step(G, D, opt_d, x, z):
    _right["d_step"](G, D, opt_d, x, z)
    return _loss_d(G, D, x, z).item()


# %% new_optimiser_every_time | fails: test_steps_in_a_row, test_g_step_moves_the_generator | hint: A new optimiser has forgotten its momentum: use the one that is passed.
def g_step(G, D, opt_g, z):
    return _right["g_step"](G, D, torch.optim.Adam(G.parameters(), lr=opt_g.param_groups[0]["lr"]), z)


# %% weights_clamped | fails: test_steps_in_a_row | hint: Nobody asked for clamped weights.
def d_step(G, D, opt_d, x, z):
    loss = _right["d_step"](G, D, opt_d, x, z)
    with torch.no_grad():
        for w in D.parameters():
            w.clamp_(-0.5, 0.5)
    return loss


# %% gradients_clipped | fails: test_d_step_moves_the_discriminator | hint: Nobody asked for clipped gradients.
def d_step(G, D, opt_d, x, z):
    loss = _loss_d(G, D, x, z)
    opt_d.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(D.parameters(), 0.05)
    opt_d.step()
    return loss.item()


# %% two_updates | fails: test_d_step_moves_the_discriminator, test_steps_in_a_row | hint: One step is one update.
def d_step(G, D, opt_d, x, z):
    loss = _right["d_step"](G, D, opt_d, x, z)
    _right["d_step"](G, D, opt_d, x, z)
    return loss


# %% generator_run_twice | fails: test_networks_run_as_often_as_they_should | hint: G is run once in a step.
def d_step(G, D, opt_d, x, z):
    G(z)
    return _right["d_step"](G, D, opt_d, x, z)


# %% discriminator_run_twice | fails: test_networks_run_as_often_as_they_should | hint: D is run once in g_step.
def g_step(G, D, opt_g, z):
    with torch.no_grad():
        loss = gan_loss_g("nonsaturating", D(G(z))).item()
    _right["g_step"](G, D, opt_g, z)
    return loss


# %% logarithm_of_the_sigmoid | fails: test_old_gradients_modes_and_flags | hint: log(sigmoid(f)) is log(0) for a sure discriminator.
def g_step(G, D, opt_g, z):
    return _learn_g(G, D, opt_g, z, lambda f: -torch.log(torch.sigmoid(f)).mean())


# %% step_without_gradient | fails: test_g_step_moves_the_generator, test_steps_in_a_row | hint: The optimiser never takes a step.
def g_step(G, D, opt_g, z):
    return gan_loss_g("nonsaturating", D(G(z))).item()


# Left out: retain_graph=True, which changes nothing but the memory.


# %% generator_thawed | fails: test_old_gradients_modes_and_flags | hint: G's flags are set to True after d_step: one that the caller had frozen is thawed. Put back what was there.
def d_step(G, D, opt_d, x, z):
    for w in G.parameters():
        w.requires_grad_(False)
    loss = _right["d_step"](G, D, opt_d, x, z)
    for w in G.parameters():
        w.requires_grad_(True)
    return loss


# %% discriminator_in_eval_in_g_step | fails: test_g_step_keeps_the_mode_of_the_discriminator | hint: g_step runs D in evaluation mode; it stays in the mode that it is in.
def g_step(G, D, opt_g, z):
    mode = D.training
    D.eval()
    loss = _right["g_step"](G, D, opt_g, z)
    D.train(mode)
    return loss


# %% generator_in_training_in_d_step | fails: test_old_gradients_modes_and_flags | hint: d_step runs G in training mode, whatever mode it was in.
def d_step(G, D, opt_d, x, z):
    mode = G.training
    G.train()
    loss = _right["d_step"](G, D, opt_d, x, z)
    G.train(mode)
    return loss


# %% generator_gradient_clipped | fails: test_g_step_moves_the_generator | hint: clip_grad_norm_ shortens large gradients; the step is that of the loss as it is.
def g_step(G, D, opt_g, z):
    held = [p for p in D.parameters() if p.requires_grad]
    for p in held:
        p.requires_grad_(False)
    opt_g.zero_grad()
    loss = F.softplus(-D(G(z))).mean()
    loss.backward()
    nn.utils.clip_grad_norm_(G.parameters(), 1.0)
    opt_g.step()
    for p in held:
        p.requires_grad_(True)
    return loss.item()


# %% discriminator_gradient_clipped | fails: test_d_step_moves_the_discriminator | hint: clip_grad_norm_ shortens large gradients; the step is that of the loss as it is.
def d_step(G, D, opt_d, x, z):
    opt_d.zero_grad()
    loss = F.softplus(-D(x)).mean() + F.softplus(D(G(z).detach())).mean()
    loss.backward()
    nn.utils.clip_grad_norm_(D.parameters(), 5.0)
    opt_d.step()
    return loss.item()
