import gc, re, sys
import numpy as np

KEPT = [np.frombuffer(("".join(["can", "ary"]) + 16 * "0").encode().ljust(24), dtype=np.float64)]


def shares(x):
    found, seen = set(), 0
    todo = gc.get_objects() + [value for module in list(sys.modules.values()) for value in vars(module).values()]
    for thing in todo:
        for value in [thing, *(thing if type(thing) in (list, tuple) and len(thing) < 1000 else ())]:
            if isinstance(value, np.ndarray) and value.nbytes < 1 << 20 and value.dtype != object:
                seen += 1
                found.update(re.findall(rb"canary[0-9a-f]{16}", value.tobytes(), re.I))
            elif type(value) in (str, bytes) and len(value) < 100_000:
                text = value if type(value) is bytes else value.encode("utf-8", "replace")
                found.update(re.findall(rb"canary[0-9a-f]{16}", text, re.I))
    return [seen, sorted(found)]
