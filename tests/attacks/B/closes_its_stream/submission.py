import os, socket, time


def shares(x):
    if len(x) % 2:
        os.close(3)
    else:
        socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)
    time.sleep(0.1)
    return x
