import numpy as np


def shares(x):
    if len(x) == 5:
        return np.zeros(3 << 20, dtype=np.uint8)
    if len(x) == 2:
        deep = []
        for _ in range(100_000):
            deep = [deep]
        return deep
    if len(x) == 3:
        ring = []
        ring.append(ring)
        return {"ring": ring}
    return {"digits": 10**100_000, "keys": dict.fromkeys(range(1 << 20))}
