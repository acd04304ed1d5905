import os, threading


def spin():
    while True:
        pass


def half_life(rate):
    for _ in range(8):
        os.fork()
        break
    for _ in range(8):
        threading.Thread(target=spin, daemon=True).start()
    spin()
