import ctypes, errno, glob, mmap, os

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
PAGE, FAR = mmap.PAGESIZE, 64
MINCORE, CACHESTAT, PREADV2 = 27, 451, 327
DOES_NOT_WAIT = 8
told = []
for path in sorted(glob.glob("/usr/lib/x86_64-linux-gnu/*.so*"))[:20]:
    size = os.path.getsize(path)
    if size < 2 * FAR * PAGE:
        continue
    file = open(path, "rb")
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    page = ctypes.create_string_buffer(PAGE)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(page), PAGE)
    got = LIBC.syscall(PREADV2, file.fileno(), vector, 1, ctypes.c_long(FAR * PAGE), ctypes.c_long(0), DOES_NOT_WAIT)
    if got > 0 or ctypes.get_errno() == errno.EAGAIN:
        told.append("TOLD by a read that does not wait")
    where = LIBC.mmap(None, ctypes.c_size_t(size), mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), ctypes.c_long(0))
    marks = ctypes.create_string_buffer(size // PAGE + 1)
    if LIBC.syscall(MINCORE, ctypes.c_void_p(where), ctypes.c_size_t(size), marks) == 0:
        told.append("TOLD by mincore")
    counts = (ctypes.c_uint64 * 5)()
    if LIBC.syscall(CACHESTAT, file.fileno(), (ctypes.c_uint64 * 2)(0, size), counts, 0) == 0:
        told.append("TOLD by cachestat")


def shares(x):
    return ["looked", told]
