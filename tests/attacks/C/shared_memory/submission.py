import mmap, os


def half_life(rate):
    hoard = []
    for size in [16 << 20] * 200:
        hoard.append(mmap.mmap(-1, size, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE))
