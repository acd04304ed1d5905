import signal


def strike(number, frame):
    raise KeyboardInterrupt("from a handler")


signal.signal(signal.SIGALRM, strike)
signal.signal(signal.SIGVTALRM, strike)
signal.signal(signal.SIGPROF, strike)


def shares(x):
    signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    return [x.tolist()] * 3000
