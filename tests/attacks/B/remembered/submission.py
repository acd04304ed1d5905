seen = []


def shares(x):
    seen.append(x.copy())
    return seen[0]
