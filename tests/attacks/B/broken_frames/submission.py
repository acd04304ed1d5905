import os, time

calls = []


def shares(x):
    calls.append(1)
    place = {5: 0, 2: 1, 3: 2, 4: 3}[len(x)]
    os.write(
        3, [b"\xff\xff\xff\xff" + b"x" * 100, b"\x10\0\0\0half", b"\0\0\0\0", b"\x40\0\0\0" + os.urandom(64)][place]
    )
    time.sleep(60)
