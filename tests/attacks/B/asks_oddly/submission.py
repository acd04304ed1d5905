class Meter(Meter):
    def fill(self, source, n):
        odd = [
            lambda: source(1, 2, 3),
            lambda: source(self=None, name="x", args=1),
            lambda: source(**{"\ud800": 1, "": 2}),
            lambda: source(object(), Meter, source),
            lambda: source(*range(2000)),
            lambda: source(lambda: None),
            lambda: source(float("nan"), 10**600),
        ]
        for attempt in odd:
            try:
                attempt()
            except Exception:
                pass
        self.add([source() for _ in range(n)])
