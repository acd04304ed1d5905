import re, time

PLANTED = ("".join(["can", "ary"]) + 16 * "0").encode()
FOUND, SCANNED, STARTED = set(), 0, time.time()


def shares(x):
    return [SCANNED, sorted(FOUND)]


with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    regions = [line.split() for line in maps]
    regions.sort(key=lambda region: region[-1].startswith("/"))  # mapped files last
    for where, rights, *_, name in regions:
        start, end = (int(part, 16) for part in where.split("-"))
        if "r" not in rights or name.startswith("[v") or time.time() - STARTED > 0.8:
            continue
        for at in range(start, end, 1 << 22):
            try:
                memory.seek(at)
                piece = memory.read(min(1 << 22, end - at) + 64)
            except (OSError, OverflowError):
                break
            FOUND.update(re.findall(rb"canary[0-9a-f]{16}", piece, re.I))
            SCANNED += len(piece)
