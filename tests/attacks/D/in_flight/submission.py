import array, os, socket

found = []
opened = 0
try:
    for _ in range(30):
        one, other = socket.socketpair()
        opened += 2
        files = array.array("i", [one.fileno(), other.fileno()] + [os.open("/dev/zero", os.O_RDONLY) for _ in range(4)])
        for end in (one, other):
            end.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
        for file in files[2:]:
            os.close(file)
        one.close()
        other.close()
except OSError as error:
    if opened < 8:
        found.append(f"FOUND no room: {error}")


def shares(x):
    return ["looked", found]
