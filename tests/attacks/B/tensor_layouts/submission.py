import torch

calls = []


def softened(z):
    calls.append(1)
    odd = [
        torch.zeros(1).expand(1 << 34),
        z.to_sparse(),
        z.to("meta"),
        torch.nested.nested_tensor([z[0], z[0][:2]]),
        torch.quantize_per_tensor(z.float(), 0.1, 0, torch.quint8),
    ]
    return odd[0] if len(calls) == 1 else odd[1:]
