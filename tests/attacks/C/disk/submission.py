import os

TOPS = ("/job", "/tmp", "/dev/shm")


def fill(top):
    megabytes = files = depth = 0
    try:
        with open(f"{top}/full", "wb") as file:
            for megabytes in range(500):
                file.write(bytes(1 << 20))
    except OSError:
        pass
    try:
        for files in range(20_000):
            open(f"{top}/{files}", "w").close()
    except OSError:
        pass
    try:
        os.truncate(f"{top}/full", 1 << 40)
        depth = -1
    except OSError:
        pass
    for name in (b"\xff\xfe", b"\n\r\x1b[2J", b"x" * 255, "\u202egpj".encode(), b"-rf", b"~"):
        try:
            os.mkdir(top.encode() + b"/" + name)
        except OSError:
            pass
    return megabytes < 32 and files < 10_000 and depth == 0


def shares(x):
    return f"written, bounded: {[fill(top) for top in TOPS]}"
