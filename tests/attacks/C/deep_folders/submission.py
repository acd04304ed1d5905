import os


def half_life(rate):
    for depth in range(3000):
        os.mkdir("d")
        os.chdir("d")
    return depth
