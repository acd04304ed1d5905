"""Right solutions of question 5 that look different from the reference."""


# %% sequence_by_sequence | why: each sequence is read alone without padding; results are put together with F.pad
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    B, T, _ = x.shape
    H = h0.shape[1]
    counts = [T] * B if lengths is None else [int(n) for n in lengths]
    rows, last = [], []
    for i in range(B):
        h, seen = h0[i], []
        for t in range(counts[i]):
            a, b = F.linear(x[i, t], W_ih, b_ih), F.linear(h, W_hh, b_hh)
            r, z = torch.sigmoid(a[:H] + b[:H]), torch.sigmoid(a[H : 2 * H] + b[H : 2 * H])
            n = torch.tanh(a[2 * H :] + r * b[2 * H :])
            h = n + z * (h - n)
            seen.append(h)
        rows.append(F.pad(torch.stack(seen), (0, 0, 0, T - counts[i])))
        last.append(h)
    return torch.stack(rows), torch.stack(last)


def bidirectional(fwd, bwd, x, lengths):
    def turn(rows):
        return torch.stack(
            [torch.cat([row[:n].flip(0), row[n:]]) for row, n in zip(rows, lengths.tolist(), strict=True)]
        )

    ahead = fwd(x, lengths)
    return torch.cat((ahead, turn(bwd(turn(x), lengths))), dim=2)


# %% masks_of_numbers | why: all inputs projected at once, masks multiplied as floats, einsum, gather for the turning
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    B, T, D = x.shape
    if lengths is None:
        lengths = torch.full((B,), T, device=x.device)
    mask = (torch.arange(T, device=x.device)[None] < lengths[:, None]).to(x.dtype)
    A = (torch.einsum("btd,kd->btk", x, W_ih) + b_ih).view(B, T, 3, -1)
    W, c = W_hh.view(3, h0.shape[1], -1), b_hh.view(3, -1)
    h = h0
    outputs = torch.zeros(B, T, h0.shape[1], dtype=x.dtype, device=x.device)
    for t in range(T):
        U = torch.einsum("bh,gkh->bgk", h, W) + c
        gates = torch.sigmoid(A[:, t, :2] + U[:, :2])
        n = torch.tanh(A[:, t, 2] + gates[:, 0] * U[:, 2])
        m = mask[:, t, None]
        new = torch.lerp(n, h, gates[:, 1])
        h = m * new + (1 - m) * h
        outputs[:, t] = m * h
    return outputs, h


def bidirectional(fwd, bwd, x, lengths):
    T = x.size(1)
    steps = torch.arange(T, device=x.device).repeat(x.size(0), 1)
    index = (lengths[:, None] - 1 - steps) % T  # the padding comes out in another order, behind the valid part or not
    index = torch.where(steps < lengths[:, None], index, steps).unsqueeze(-1)
    back = bwd(torch.take_along_dim(x, index, 1), lengths)
    return torch.concat([fwd(x, lengths), torch.gather(back, 1, index.expand(-1, -1, back.size(-1)))], -1)


# %% blended_states | why: the state is blended by a mask of floats, gates by chunk and F.linear; sentences turned one by one
def gru_forward(x, h0, W_ih, W_hh, b_ih, b_hh, lengths=None):
    B, T, _ = x.shape
    lengths = torch.full((B,), T, device=x.device) if lengths is None else lengths.to(x.device)
    h = h0
    outputs = []
    for t, step in enumerate(x.unbind(dim=1)):
        valid = (lengths > t).to(x.dtype)[:, None]
        ir, iz, in_ = F.linear(step, W_ih, b_ih).chunk(3, dim=1)
        hr, hz, hn = F.linear(h, W_hh, b_hh).chunk(3, dim=1)
        r, z = (ir + hr).sigmoid(), (iz + hz).sigmoid()
        n = (in_ + r * hn).tanh()
        h = torch.where(valid > 0, torch.lerp(n, h, z), h)
        outputs.append(h * valid)
    return torch.stack(outputs, dim=1), h


def bidirectional(fwd, bwd, x, lengths):
    def turned(batch):
        return torch.stack(
            [torch.cat([row[:n].flip(0), row[n:]]) for row, n in zip(batch, lengths.tolist(), strict=False)]
        )

    return torch.cat((fwd(x, lengths), turned(bwd(turned(x), lengths))), dim=-1)
