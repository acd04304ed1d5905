"""Right solutions of question 9 that look different from the reference."""


# %% opposite_velocity | why: velocities with the opposite sign, Adam with one corrected step size
class SGD:
    def __init__(self, lr):
        self.lr = lr

    def step(self, params, grads):
        for name in grads:
            if grads[name] is None:
                continue
            np.subtract(params[name], self.lr * grads[name], out=params[name])


class Momentum:
    def __init__(self, lr, alpha=0.9):
        self.lr, self.alpha, self.velocity = lr, alpha, {}

    def step(self, params, grads):
        for name, g in grads.items():
            if g is not None:
                v = self.velocity.setdefault(name, np.zeros_like(g))
                v *= self.alpha
                v += self.lr * g
                params[name][...] -= v


class Nesterov:
    def __init__(self, lr, alpha=0.9):
        self.lr, self.alpha, self.velocity = lr, alpha, {}

    def step(self, params, grads):
        for name, g in grads.items():
            if g is not None:
                old = self.velocity.get(name, np.zeros_like(g))
                new = self.alpha * old - self.lr * g
                self.velocity[name] = new
                params[name] += -self.alpha * old + (1 + self.alpha) * new


class AdaGrad:
    def __init__(self, lr, eps=1e-10):
        self.lr, self.eps, self.history = lr, eps, {}

    def step(self, params, grads):
        for name, g in grads.items():
            if g is not None:
                self.history[name] = self.history.get(name, np.zeros_like(g)) + g * g
                params[name] -= (self.lr / (self.eps + self.history[name] ** 0.5)) * g


class RMSProp:
    def __init__(self, lr, rho=0.9, eps=1e-8):
        self.lr, self.rho, self.eps, self.mean_square = lr, rho, eps, {}

    def step(self, params, grads):
        for name, g in grads.items():
            if g is not None:
                s = self.mean_square.get(name, np.zeros_like(g))
                self.mean_square[name] = s = s + (1 - self.rho) * (g * g - s)
                params[name] -= self.lr * g / (np.sqrt(s) + self.eps)


class AdaDelta:
    def __init__(self, lr=1.0, rho=0.95, eps=1e-6):
        self.lr, self.rho, self.eps, self.state = lr, rho, eps, {}

    def step(self, params, grads):
        for name, g in grads.items():
            if g is not None:
                s, e = self.state.get(name, (np.zeros_like(g), np.zeros_like(g)))
                s = self.rho * s + (1 - self.rho) * g * g
                u = np.sqrt((e + self.eps) / (s + self.eps)) * g
                self.state[name] = s, self.rho * e + (1 - self.rho) * u * u
                params[name] -= self.lr * u


class Adam:
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.betas, self.eps, self.state = lr, (beta1, beta2), eps, {}

    def step(self, params, grads):
        b1, b2 = self.betas
        for name, g in grads.items():
            if g is not None:
                m, v, t = self.state.get(name, (np.zeros_like(g), np.zeros_like(g), 0))
                m, v, t = m + (1 - b1) * (g - m), v + (1 - b2) * (g * g - v), t + 1
                self.state[name] = m, v, t
                root = np.sqrt(1 - b2**t)
                params[name] -= (self.lr * root / (1 - b1**t)) * m / (np.sqrt(v) + self.eps * root)


# %% one_base_class | why: one base class with a per-name state object; products of betas; entry by entry
class _Optimiser:
    def __init__(self, lr, **settings):
        self.lr, self.memory = lr, {}
        self.__dict__.update(settings)

    def step(self, params, grads):
        for name in sorted(params):
            g = grads[name]
            if g is None:
                continue
            if name not in self.memory:
                self.memory[name] = [dict(self.fresh()) for _ in range(g.size)]
            for index, memory in zip(np.ndindex(g.shape), self.memory[name], strict=True):
                params[name][index] -= self.change(memory, float(g[index]))

    def fresh(self):
        return {}


class SGD(_Optimiser):
    def change(self, memory, g):
        return self.lr * g


class Momentum(_Optimiser):
    def __init__(self, lr, alpha=0.9):
        super().__init__(lr, alpha=alpha)

    def fresh(self):
        return {"v": 0.0}

    def change(self, memory, g):
        memory["v"] = self.alpha * memory["v"] + g
        return self.lr * memory["v"]


class Nesterov(Momentum):
    def change(self, memory, g):
        return self.lr * g + self.alpha * super().change(memory, g)


class AdaGrad(_Optimiser):
    def __init__(self, lr, eps=1e-10):
        super().__init__(lr, eps=eps)

    def fresh(self):
        return {"s": 0.0}

    def change(self, memory, g):
        memory["s"] += g**2
        return self.lr * g / (memory["s"] ** 0.5 + self.eps)


class RMSProp(_Optimiser):
    def __init__(self, lr, rho=0.9, eps=1e-8):
        super().__init__(lr, rho=rho, eps=eps)

    def fresh(self):
        return {"s": 0.0}

    def change(self, memory, g):
        memory["s"] = self.rho * memory["s"] + (1 - self.rho) * g**2
        return self.lr * g / (memory["s"] ** 0.5 + self.eps)


class AdaDelta(_Optimiser):
    def __init__(self, lr=1.0, rho=0.95, eps=1e-6):
        super().__init__(lr, rho=rho, eps=eps)

    def fresh(self):
        return {"s": 0.0, "e": 0.0}

    def change(self, memory, g):
        memory["s"] = self.rho * memory["s"] + (1 - self.rho) * g**2
        u = g * (memory["e"] + self.eps) ** 0.5 / (memory["s"] + self.eps) ** 0.5
        memory["e"] = self.rho * memory["e"] + (1 - self.rho) * u**2
        return self.lr * u


class Adam(_Optimiser):
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(lr, beta1=beta1, beta2=beta2, eps=eps)

    def fresh(self):
        return {"m": 0.0, "v": 0.0, "left1": 1.0, "left2": 1.0}

    def change(self, memory, g):
        memory["left1"] *= self.beta1
        memory["left2"] *= self.beta2
        memory["m"] = self.beta1 * memory["m"] + (1 - self.beta1) * g
        memory["v"] = self.beta2 * memory["v"] + (1 - self.beta2) * g**2
        vhat = memory["v"] / (1 - memory["left2"])
        return self.lr * memory["m"] / (1 - memory["left1"]) / (vhat**0.5 + self.eps)


# %% coroutines | why: a generator for every parameter, which is sent gradients and answers steps; Adam's corrections in one factor
class _Optimizer:
    def __init__(self, **settings):
        self.__dict__.update(settings)
        self.running = {}

    def step(self, params, grads):
        for name, w in params.items():
            g = grads.get(name)
            if g is None:
                continue
            if name not in self.running:
                self.running[name] = self.rule()
                next(self.running[name])
            np.subtract(w, self.running[name].send(np.array(g)), out=w, casting="same_kind")


class SGD(_Optimizer):
    def __init__(self, lr):
        super().__init__(lr=lr)

    def rule(self):
        step = None
        while True:
            g = yield step
            step = self.lr * g


class Momentum(_Optimizer):
    def __init__(self, lr, alpha=0.9):
        super().__init__(lr=lr, alpha=alpha)

    def rule(self):
        d, step = 0, None
        while True:
            g = yield step
            d = self.alpha * d - self.lr * g
            step = -d


class Nesterov(_Optimizer):
    def __init__(self, lr, alpha=0.9):
        super().__init__(lr=lr, alpha=alpha)

    def rule(self):
        v, step = 0, None
        while True:
            g = yield step
            v = self.alpha * v + g
            step = self.lr * (g + self.alpha * v)


class AdaGrad(_Optimizer):
    def __init__(self, lr, eps=1e-10):
        super().__init__(lr=lr, eps=eps)

    def rule(self):
        s, step = 0, None
        while True:
            g = yield step
            s = s + np.square(g)
            step = self.lr / (np.sqrt(s) + self.eps) * g


class RMSProp(_Optimizer):
    def __init__(self, lr, rho=0.9, eps=1e-8):
        super().__init__(lr=lr, rho=rho, eps=eps)

    def rule(self):
        s, step = 0, None
        while True:
            g = yield step
            s = s + (1 - self.rho) * (g * g - s)
            step = self.lr * g / (s**0.5 + self.eps)


class AdaDelta(_Optimizer):
    def __init__(self, lr=1.0, rho=0.95, eps=1e-6):
        super().__init__(lr=lr, rho=rho, eps=eps)

    def rule(self):
        s, e, step = 0, 0, None
        while True:
            g = yield step
            s = self.rho * s + (1 - self.rho) * g * g
            u = g * np.sqrt((e + self.eps) / (s + self.eps))
            e = self.rho * e + (1 - self.rho) * u * u
            step = self.lr * u


class Adam(_Optimizer):
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    def rule(self):
        m, v, p1, p2, step = 0, 0, 1, 1, None
        while True:
            g = yield step
            m, v = self.beta1 * m + (1 - self.beta1) * g, self.beta2 * v + (1 - self.beta2) * g * g
            p1, p2 = p1 * self.beta1, p2 * self.beta2
            root = (1 - p2) ** 0.5
            step = self.lr * root / (1 - p1) * m / (np.sqrt(v) + self.eps * root)
