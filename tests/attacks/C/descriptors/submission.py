import os, select, socket, tempfile


def until_refused(make):
    kept = []
    try:
        for _ in range(5000):
            kept.append(make())
    except OSError:
        pass
    finally:
        for thing in kept:
            for part in thing if isinstance(thing, tuple) else (thing,):
                (os.close if type(part) is int else type(part).close)(part)
    return len(kept) < 300


WAYS = (os.pipe, lambda: os.memfd_create("m"), select.epoll, socket.socketpair, lambda: os.eventfd(0))


def shares(x):
    return "opened no more than allowed" if all(map(until_refused, WAYS)) else "opened too many"
