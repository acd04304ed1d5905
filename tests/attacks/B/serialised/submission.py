import io, marshal, pickle
import numpy as np


class Runs:
    def __reduce__(self):
        return exec, ("open('/tmp/SERIALISED', 'w').write('ran')",)


def shares(x):
    target = io.BytesIO()
    np.savez(target, arr=np.array([Runs()], dtype=object))
    loaded = marshal.dumps(compile("1/0", "x", "exec"))
    return {
        5: pickle.dumps(Runs()),
        2: target.getvalue(),
        3: [loaded, "__import__('os').system('id')"],
        4: np.frombuffer(pickle.dumps(Runs()), np.uint8),
    }[len(x)]
