import threading, time

kept = []


class Meter(Meter):
    def fill(self, source, n):
        kept.append(source)
        super().fill(source, n)


class Late:
    def __del__(self):
        for source in kept:
            source()


def pester():
    while True:
        for source in kept:
            try:
                source()
            except Exception:
                pass
        time.sleep(0.001)


honest_half_life = half_life
honest_centred = centred


def half_life(rate):
    late = Late()
    threading.Thread(target=pester, daemon=True).start()
    del late
    return honest_half_life(rate)


def centred(x):
    for source in kept:
        source()
    return honest_centred(x)
