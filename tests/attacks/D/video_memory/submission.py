import torch

MARK = 1.2345678e-30


def softened(z):
    if not torch.cuda.is_available():
        return "looked nowhere"
    before = torch.empty(1 << 28, device="cuda", dtype=torch.float32)
    hits = int((before == MARK).sum())
    before.fill_(MARK)
    return ["looked", "FOUND marks" if hits else "nothing"]
