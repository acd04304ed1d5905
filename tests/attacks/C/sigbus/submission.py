import ctypes, mmap, os
import numpy as np

kept = []


def shares(x):
    file = os.open("/tmp/map", os.O_RDWR | os.O_CREAT)
    os.ftruncate(file, 1 << 16)
    mapped = mmap.mmap(file, 1 << 16)
    kept.append(mapped)
    answer = np.frombuffer(mapped, np.float64)
    if len(x) % 2:
        os.ftruncate(file, 0)
    else:
        libc = ctypes.CDLL(None)
        libc.mprotect(ctypes.c_void_p(answer.ctypes.data), ctypes.c_size_t(1 << 16), 0)
    return answer
