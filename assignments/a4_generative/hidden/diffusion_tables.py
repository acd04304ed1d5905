"""The nine tables of a diffusion schedule (q8), which q8 judges and q9 and q10 hand to the student."""

import numpy as np
import torch


def tables_of(betas):
    """Everything that follows from the betas, float64."""
    bars = np.exp(np.cumsum(np.log1p(-betas)))
    before = np.concatenate([[1.0], bars[:-1]])
    return {"alphas": 1 - betas, "alpha_bars": bars, "alpha_bars_prev": before, **derived(betas, bars, before)}


def derived(betas, bars, before):
    """Everything that follows from the betas and the running products."""
    return {
        "post_var": betas * (1 - before) / (1 - bars),
        "post_c0": betas * np.sqrt(before) / (1 - bars),
        "post_c1": (1 - before) * np.sqrt(1 - betas) / (1 - bars),
        "snr": bars / (1 - bars),
        "udl_weight": betas / (2 * (1 - bars) * (1 - betas)),
    }


def schedule_of(betas):
    """The dict that make_schedule returns for these betas: tensors."""
    return {key: torch.from_numpy(values.copy()) for key, values in {"betas": betas, **tables_of(betas)}.items()}
