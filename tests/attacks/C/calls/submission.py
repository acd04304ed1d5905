import ctypes, errno, os, socket

libc = ctypes.CDLL(None, use_errno=True)
# by number: what has been a way out, a channel or a cost to others; and what is newer than any list
REFUSED = [29, 64, 68, 101, 103, 135, 153, 154, 155, 156, 159, 161, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173,
           175, 176, 179, 180, 206, 207, 209, 212, 216, 227, 239, 240, 246, 248, 249, 250, 253, 254, 256, 272, 275, 276,
           278, 279, 298, 300, 303, 304, 305, 308, 310, 311, 312, 313, 317, 319, 320, 321, 323, 425, 426, 427, 428, 429,
           430, 431, 432, 433, 438, 440, 442, 443, 444, 445, 446, 447, 448, 450, 453, *range(454, 600)]  # fmt: skip


def tried(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(value) for value in arguments])
    return "" if result < 0 and ctypes.get_errno() in (errno.ENOSYS, errno.EPERM) else f"GOT IN: call {number}, "


def family(make, number):
    try:
        for one in make(number):
            one.close()
        return f"GOT IN: family {number}, "
    except OSError as error:
        return "" if error.errno == errno.EAFNOSUPPORT else f"GOT IN: family {number}, {error.errno}, "


def shares(x):
    said = "".join(tried(number, -1, -1, -1, -1, -1, -1) for number in REFUSED)
    for number in [0, *range(2, 50)]:
        said += family(lambda it: socket.socketpair(it), number) + family(lambda it: [socket.socket(it)], number)
    one, two = socket.socketpair()
    try:
        one.send(b"x", socket.MSG_OOB)
        said += "GOT IN: urgent data"
    except OSError:
        pass
    return f"every call was tried: {said}"
