import os, threading, time


def again():
    time.sleep(0.02)
    os.write(3, (9).to_bytes(4, "little") + b"d\x00\x00\x00\x00AAAA")


def shares(x):
    threading.Thread(target=again).start()
    time.sleep(0.01 if len(x) != 4 else 0.1)
    return x
