import os, time


def half_life(rate):
    os.write(3, (20_000).to_bytes(4, "little"))
    while True:
        os.write(3, b"d")
        time.sleep(0.05)
