import fcntl, os, socket

stream = socket.socket(fileno=os.dup(3))
for level in (socket.SOL_SOCKET, 0, 6):
    for option in range(1, 80):
        if (level, option) in ((1, 20), (1, 21)):  # its own time-outs
            continue
        for value in (1, 0x7FFFFFFF, b"\1" * 16):
            try:
                stream.setsockopt(level, option, value)
            except (OSError, OverflowError):
                pass
for command, value in ((fcntl.F_SETOWN, 1), (fcntl.F_SETOWN, os.getppid()), (10, 9), (fcntl.F_SETPIPE_SZ, 1 << 20)):
    try:
        fcntl.fcntl(3, command, value)
    except OSError:
        pass
try:
    fcntl.fcntl(3, fcntl.F_SETFL, fcntl.fcntl(3, fcntl.F_GETFL) | os.O_ASYNC)
except OSError:
    pass
