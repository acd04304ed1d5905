import fcntl, os, socket, time
from multiprocessing import shared_memory

found, kept = [], []
try:
    kept.append(shared_memory.SharedMemory("left_by_another"))
    found.append("FOUND shared memory")
except OSError:
    pass
try:
    kept.append(shared_memory.SharedMemory("left_by_another", create=True, size=100))
except OSError:
    pass
ours = socket.socket(socket.AF_UNIX)
try:
    ours.connect("\0left_by_another")
    found.append("FOUND socket")
except OSError:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("\0left_by_another")
    listener.listen()
    kept.append(listener)
for path in ("/usr/bin/env", "/usr/lib/os-release", "/etc/passwd"):
    file = open(path)
    kept.append(file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        found.append("FOUND lock")
    except OSError:
        pass
time.sleep(0.3)  # long enough for a neighbour to come by


def shares(x):
    return ["looked", found]
