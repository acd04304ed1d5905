"""Right solutions of question 6 that look different from the reference."""


# %% frozen_and_thawed | why: D is frozen during g_step and every flag restored; real and fake in one batch; closures
def d_step(G, D, opt_d, x, z):
    fake = G(z).detach()
    logits = D(torch.cat([x, fake])).reshape(-1)
    loss = F.softplus(-logits[: len(x)]).mean() + F.softplus(logits[len(x) :]).mean()
    opt_d.zero_grad(set_to_none=False)
    loss.backward()
    opt_d.step()
    return float(loss)


def g_step(G, D, opt_g, z):
    flags = [(w, w.requires_grad) for w in D.parameters()]
    for w, _ in flags:
        w.requires_grad_(False)
    try:
        opt_g.zero_grad()
        loss = F.softplus(-D(G(z))).mean()
        loss.backward()
        opt_g.step()
    finally:
        for w, flag in flags:
            w.requires_grad_(flag)
    return float(loss.detach().cpu())


# %% saved_and_put_back | why: an ordinary backward in g_step, D's gradients saved before and put back; library losses
def d_step(G, D, opt_d, x, z):
    for w in D.parameters():
        w.grad = None
    real, fake = D(x), D(G(z).detach())
    loss = F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
    loss = loss + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    loss.backward()
    opt_d.step()
    opt_d.zero_grad()
    return loss.item()


def g_step(G, D, opt_g, z):
    saved = [None if w.grad is None else w.grad.clone() for w in D.parameters()]
    opt_g.zero_grad()
    fake = D(G(z))
    loss = F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))
    loss.backward()
    opt_g.step()
    opt_g.zero_grad()
    for w, grad in zip(D.parameters(), saved, strict=True):
        w.grad = grad
    return loss.item()


# %% cut_at_the_fake | why: backward in two halves, the chain cut at the fakes
def g_step(G, D, opt_g, z):
    fake = G(z)
    leaf = fake.detach().requires_grad_(True)
    loss = gan_loss_g("nonsaturating", D(leaf))
    (slope,) = torch.autograd.grad(loss, leaf)
    opt_g.zero_grad()
    fake.backward(slope)
    opt_g.step()
    return loss.item()


# %% mean_over_both_batches | why: both batches have B rows, so twice the mean over both is the sum of the means
def d_step(G, D, opt_d, x, z):
    with torch.no_grad():
        fake = G(z)
    loss = 2 * torch.cat([F.softplus(-D(x)).flatten(), F.softplus(D(fake)).flatten()]).mean()
    opt_d.zero_grad()
    loss.backward()
    opt_d.step()
    return loss.item()


# %% autograd_grad | why: gradients by torch.autograd.grad and put into .grad by hand; real rows and fakes in one batch for D
def _train(net, loss, optimizer):
    weights = [p for p in net.parameters() if p.requires_grad]
    slopes = torch.autograd.grad(loss, weights, allow_unused=True)
    for p in net.parameters():
        p.grad = None
    for p, slope in zip(weights, slopes, strict=False):
        p.grad = slope
    optimizer.step()
    return loss.item()


def d_step(G, D, opt_d, x, z):
    with torch.no_grad():
        fake = G(z)
    logits = D(torch.cat([x, fake]))
    real, made = logits[: len(x)], logits[len(x) :]
    return _train(D, F.softplus(-real).mean() + F.softplus(made).mean(), opt_d)


def g_step(G, D, opt_g, z):
    return _train(G, F.softplus(-D(G(z))).mean(), opt_g)
