# %%
import torch

# CANARYTEXT: a comment of the reference solution


# %%
def softened(z):
    return torch.softmax(z, dim=-1)


# %%
def moving_sum(x, width):
    return x.unfold(0, width, 1).sum(dim=-1)
