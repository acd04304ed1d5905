def shares(x):
    if len(x) == 5:
        return [object() for _ in range(60_000)]
    if len(x) == 2:
        return {number: print for number in range(30_000)}
    if len(x) == 3:
        return [[shares, [shares, [shares]]] for _ in range(20_000)]
    return tuple(type("T" * 190, (), {})() for _ in range(3_000))
