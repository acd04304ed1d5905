"""Wrong solutions of question 9: seven optimisers. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
class _Rule:
    """A right optimiser but for `move`: (state of one parameter, gradient) -> what is added to it."""

    defaults = {}

    def __init__(self, lr=None, **settings):
        for name, value in {**self.defaults, **settings}.items():
            setattr(self, name, value)
        self.lr = self.defaults.get("lr") if lr is None else lr
        self.states = {}

    def step(self, params, grads):
        for name, w in params.items():
            if grads.get(name) is not None:
                w += self.move(self.states.setdefault(name, {}), grads[name])


class _Momentum(_Rule):
    defaults = {"alpha": 0.9}


class _AdaGrad(_Rule):
    defaults = {"eps": 1e-10}


class _RMSProp(_Rule):
    defaults = {"rho": 0.9, "eps": 1e-8}

    def average(self, s, g):
        s["s"] = self.rho * s.get("s", 0) + (1 - self.rho) * g**2
        return s["s"]


class _AdaDelta(_Rule):
    defaults = {"lr": 1.0, "rho": 0.95, "eps": 1e-6}

    def blend(self, s, name, value):
        s[name] = self.rho * s.get(name, 0) + (1 - self.rho) * value
        return s[name]


class _Adam(_Rule):
    """A right Adam in parts that the mutants replace."""

    defaults = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}

    def moments(self, s, g):
        s["t"] = s.get("t", 0) + 1
        s["m"] = self.beta1 * s.get("m", 0) + (1 - self.beta1) * g
        s["v"] = self.beta2 * s.get("v", 0) + (1 - self.beta2) * g**2
        return s["m"], s["v"], s["t"]

    def corrected(self, m, v, t):
        return m / (1 - self.beta1**t), v / (1 - self.beta2**t)

    def quotient(self, m, v):
        return m / (np.sqrt(v) + self.eps)

    def move(self, s, g):
        return -self.lr * self.quotient(*self.corrected(*self.moments(s, g)))


# %% momentum_adds_the_gradient | fails: test_momentum_follows_its_rule | hint: d <- alpha d - lr g: the sign of the gradient is wrong, the step goes uphill.
class Momentum(_Momentum):
    def move(self, s, g):
        s["d"] = self.alpha * s.get("d", 0) + self.lr * g
        return s["d"]


# %% momentum_with_lr_twice | fails: test_momentum_follows_its_rule | hint: lr is in the velocity already; it must not be applied a second time in w += d.
class Momentum(_Momentum):
    def move(self, s, g):
        s["d"] = self.alpha * s.get("d", 0) - self.lr * g
        return self.lr * s["d"]


# %% momentum_ignores_alpha | fails: test_momentum_follows_its_rule | hint: The old step is kept with 0.9 whatever alpha is passed.
class Momentum(_Momentum):
    def move(self, s, g):
        s["d"] = 0.9 * s.get("d", 0) - self.lr * g
        return s["d"]


# %% momentum_forgets | fails: test_momentum_follows_its_rule | hint: The velocity starts at 0 in every step, so there is no momentum.
class Momentum(_Momentum):
    def move(self, s, g):
        return self.alpha * np.zeros_like(g) - self.lr * g


# %% nesterov_is_momentum | fails: test_nesterov_follows_its_rule | hint: This is plain momentum; Nesterov looks ahead: g + alpha v.
class Nesterov(_Momentum):
    def move(self, s, g):
        s["v"] = self.alpha * s.get("v", 0) + g
        return -self.lr * s["v"]


# %% nesterov_with_the_old_velocity | fails: test_nesterov_follows_its_rule | hint: First renew v, then step with g + alpha v; here the step uses the old v.
class Nesterov(_Momentum):
    def move(self, s, g):
        old = s.get("v", 0)
        s["v"] = self.alpha * old + g
        return -self.lr * (g + self.alpha * old)


# %% adagrad_without_root | fails: test_adagrad_follows_its_rule | hint: Divide by the root of the sum of squares, not by the sum.
class AdaGrad(_AdaGrad):
    def move(self, s, g):
        s["s"] = s.get("s", 0) + g**2
        return -self.lr * g / (s["s"] + self.eps)


# %% adagrad_forgets_slowly | fails: test_adagrad_follows_its_rule | hint: AdaGrad adds up all squares; a decaying average is RMSProp.
class AdaGrad(_AdaGrad):
    def move(self, s, g):
        s["s"] = 0.9 * s.get("s", 0) + 0.1 * g**2
        return -self.lr * g / (np.sqrt(s["s"]) + self.eps)


# %% adagrad_eps_in_the_root | fails: test_adagrad_follows_its_rule | hint: eps is added to the root, not under it.
class AdaGrad(_AdaGrad):
    def move(self, s, g):
        s["s"] = s.get("s", 0) + g**2
        return -self.lr * g / np.sqrt(s["s"] + self.eps)


# %% rmsprop_adds_up | fails: test_rmsprop_follows_its_rule | hint: This sums all squares as AdaGrad does; RMSProp keeps a moving average.
class RMSProp(_RMSProp):
    def move(self, s, g):
        s["s"] = s.get("s", 0) + g**2
        return -self.lr * g / (np.sqrt(s["s"]) + self.eps)


# %% rmsprop_weights_swapped | fails: test_rmsprop_follows_its_rule | hint: rho weighs the old average, 1 - rho the new square; here they are swapped.
class RMSProp(_RMSProp):
    def move(self, s, g):
        s["s"] = (1 - self.rho) * s.get("s", 0) + self.rho * g**2
        return -self.lr * g / (np.sqrt(s["s"]) + self.eps)


# %% rmsprop_eps_in_the_root | fails: test_rmsprop_follows_its_rule | hint: eps is added to the root, not under it.
class RMSProp(_RMSProp):
    def move(self, s, g):
        return -self.lr * g / np.sqrt(self.average(s, g) + self.eps)


# %% rmsprop_averages_the_gradient | fails: test_rmsprop_follows_its_rule | hint: The average is one of squares g^2, not of g.
class RMSProp(_RMSProp):
    def move(self, s, g):
        s["s"] = self.rho * s.get("s", 0) + (1 - self.rho) * g
        return -self.lr * g / (np.sqrt(np.abs(s["s"])) + self.eps)


# %% adadelta_uses_the_new_e | fails: test_adadelta_follows_its_rule | hint: The step u uses e of the steps before; e is renewed with u^2 afterwards.
class AdaDelta(_AdaDelta):
    def move(self, s, g):
        average = self.blend(s, "s", g**2)
        u = g * np.sqrt(s.get("e", 0) + self.eps) / np.sqrt(average + self.eps)
        u = g * np.sqrt(self.blend(s, "e", u**2) + self.eps) / np.sqrt(average + self.eps)
        return -self.lr * u


# %% adadelta_eps_outside | fails: test_adadelta_follows_its_rule | hint: In AdaDelta eps stands inside both roots.
class AdaDelta(_AdaDelta):
    def move(self, s, g):
        u = g * (np.sqrt(s.get("e", 0)) + self.eps) / (np.sqrt(self.blend(s, "s", g**2)) + self.eps)
        self.blend(s, "e", u**2)
        return -self.lr * u


# %% adadelta_without_lr | fails: test_adadelta_follows_its_rule | hint: The step is lr * u; with lr other than 1 this is seen.
class AdaDelta(_AdaDelta):
    def move(self, s, g):
        u = g * np.sqrt(s.get("e", 0) + self.eps) / np.sqrt(self.blend(s, "s", g**2) + self.eps)
        self.blend(s, "e", u**2)
        return -u


# %% adadelta_numerator_one | fails: test_adadelta_follows_its_rule | hint: The numerator sqrt(e + eps) is missing: this is RMSProp.
class AdaDelta(_AdaDelta):
    def move(self, s, g):
        return -self.lr * g / np.sqrt(self.blend(s, "s", g**2) + self.eps)


# %% adadelta_averages_squares_of_gradients_twice | fails: test_adadelta_follows_its_rule | hint: e averages the squares u^2 of the steps, not the squares g^2 of the gradients.
class AdaDelta(_AdaDelta):
    def move(self, s, g):
        u = g * np.sqrt(s.get("e", 0) + self.eps) / np.sqrt(self.blend(s, "s", g**2) + self.eps)
        self.blend(s, "e", g**2)
        return -self.lr * u


# %% adam_without_correction | fails: test_adam_follows_its_rule | hint: m and v start at 0 and are too small at first: divide by 1 - beta^t.
class Adam(_Adam):
    def corrected(self, m, v, t):
        return m, v


# %% adam_corrects_only_m | fails: test_adam_follows_its_rule | hint: v needs its correction too: divide by 1 - beta2^t.
class Adam(_Adam):
    def corrected(self, m, v, t):
        return m / (1 - self.beta1**t), v


# %% adam_corrects_only_v | fails: test_adam_follows_its_rule | hint: m needs its correction too: divide by 1 - beta1^t.
class Adam(_Adam):
    def corrected(self, m, v, t):
        return m, v / (1 - self.beta2**t)


# %% adam_counts_from_zero | fails: test_adam_follows_its_rule | hint: t is 1 in the first step; with t = 0 the correction divides by 0.
class Adam(_Adam):
    def corrected(self, m, v, t):
        with np.errstate(all="ignore"):
            return super().corrected(m, v, t - 1)


# %% adam_counts_one_too_many | fails: test_adam_follows_its_rule | hint: t is 1 in the first step, here it is 2.
class Adam(_Adam):
    def corrected(self, m, v, t):
        return super().corrected(m, v, t + 1)


# %% adam_one_count_for_all | fails: test_adam_keeps_its_books | hint: t advances once per parameter instead of once per step of that parameter.
class Adam(_Adam):
    def corrected(self, m, v, t):
        self.count = getattr(self, "count", 0) + 1
        return super().corrected(m, v, self.count)


# %% adam_one_count_for_all_steps | fails: test_adam_keeps_its_books | hint: One t for the whole optimiser is too high for a parameter that came later or was skipped.
class Adam(_Adam):
    count = 0

    def step(self, params, grads):
        self.count += 1
        super().step(params, grads)

    def corrected(self, m, v, t):
        return super().corrected(m, v, self.count)


# %% adam_ignores_the_betas | fails: test_adam_follows_its_rule | hint: 0.9 and 0.999 are used whatever betas are passed.
class Adam(_Adam):
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(lr=lr, eps=eps)


# %% adam_eps_in_the_root | fails: test_adam_follows_its_rule | hint: eps is added to the root, not under it.
class Adam(_Adam):
    def quotient(self, m, v):
        return m / np.sqrt(v + self.eps)


# %% adam_eps_before_the_correction | fails: test_adam_follows_its_rule | hint: eps was added to sqrt(v) before v was corrected; it belongs to sqrt(vhat).
class Adam(_Adam):
    def move(self, s, g):
        m, v, t = self.moments(s, g)
        mhat, _ = self.corrected(m, v, t)
        return -self.lr * mhat / ((np.sqrt(v) + self.eps) / np.sqrt(1 - self.beta2**t))


# %% adam_second_moment_of_g | fails: test_adam_follows_its_rule | hint: v averages the squares g^2, not g.
class Adam(_Adam):
    def moments(self, s, g):
        m, _, t = super().moments(s, g)
        s["w"] = self.beta2 * s.get("w", 0) + (1 - self.beta2) * g
        return m, np.abs(s["w"]), t


# %% state_is_the_gradient_itself | fails: test_momentum_follows_its_rule | hint: The velocity starts as the gradient's own array; when the caller writes the next gradient into it, the velocity is gone.
class Momentum(_Momentum):
    def move(self, s, g):
        if "v" not in s:
            s["v"] = g
        else:
            s["v"] = self.alpha * s["v"] + g
        return -self.lr * s["v"]


# %% gradient_changed_in_place | fails: test_adam_keeps_its_books | hint: m starts as the gradient's own array, and *= changes the caller's gradient.
class Adam(_Adam):
    def moments(self, s, g):
        if "m" not in s:
            s["m"] = g
            s["m"] *= 1 - self.beta1
            s["v"], s["t"] = (1 - self.beta2) * (g / (1 - self.beta1)) ** 2, 1
            return s["m"], s["v"], 1
        return super().moments(s, g)


# %% velocity_in_the_gradients_array | fails: test_nesterov_keeps_its_books | hint: v starts as the gradient's own array, and *= and += change the caller's gradient; start from a copy.
class Nesterov(_Momentum):
    def move(self, s, g):
        if "v" in s:
            s["v"] *= self.alpha
            s["v"] += g
        else:
            s["v"] = g
        return -self.lr * (g + self.alpha * s["v"])


# %% weight_decay_mixed_in | fails: test_sgd_follows_its_rule | hint: The rule has no weight decay: the step depends on the gradient alone.
class SGD(_Rule):
    def step(self, params, grads):
        super().step(params, {name: None if g is None else g + 0.01 * params[name] for name, g in grads.items()})

    def move(self, s, g):
        return -self.lr * g


# %% adam_with_weight_decay | fails: test_adam_follows_its_rule | hint: The rule has no weight decay: the step depends on the gradient alone.
class Adam(_Adam):
    def step(self, params, grads):
        super().step(params, {name: None if g is None else g + 0.01 * params[name] for name, g in grads.items()})


# %% none_taken_as_zero | fails: test_adam_keeps_its_books | hint: No gradient is not a zero gradient: the averages of that parameter must not decay.
class Adam(_Adam):
    def step(self, params, grads):
        super().step(
            params, {name: np.zeros_like(w) if grads[name] is None else grads[name] for name, w in params.items()}
        )


# %% momentum_rolls_on_without_gradient | fails: test_momentum_keeps_its_books | hint: A parameter without a gradient is skipped entirely; here it rolls on with its old velocity.
class Momentum(_Momentum):
    def step(self, params, grads):
        super().step(
            params, {name: np.zeros_like(w) if grads[name] is None else grads[name] for name, w in params.items()}
        )

    def move(self, s, g):
        s["d"] = self.alpha * s.get("d", 0) - self.lr * g
        return s["d"]


# %% state_by_shape | fails: test_adagrad_keeps_its_books, test_adagrad_follows_its_rule | hint: Two parameters of one shape share their state; keep it by name.
class AdaGrad(_AdaGrad):
    def move(self, s, g):
        s = self.states.setdefault(g.shape, {})
        s["s"] = s.get("s", 0) + g**2
        return -self.lr * g / (np.sqrt(s["s"]) + self.eps)


# %% state_by_identity | fails: test_rmsprop_keeps_its_books | hint: id(w) changes when a new array takes the parameter's place; its name does not.
class RMSProp(_RMSProp):
    def step(self, params, grads):
        for name, w in params.items():
            if grads.get(name) is not None:
                s, _ = self.states.setdefault(id(w), ({}, w))
                w -= self.lr * grads[name] / (np.sqrt(self.average(s, grads[name])) + self.eps)


# %% new_arrays_in_the_dict | fails: test_sgd_keeps_its_books | hint: params[name] = ... puts a new array into the dict; whoever holds the old one sees no step. Use -= on the array.
class SGD(_Rule):
    def step(self, params, grads):
        for name, g in grads.items():
            if g is not None:
                params[name] = params[name] - self.lr * g


# %% state_of_the_class | fails: test_nesterov_keeps_its_books | hint: The state is an attribute of the class: all optimisers share it. Make it in __init__.
class Nesterov:
    v = {}

    def __init__(self, lr, alpha=0.9):
        self.lr, self.alpha = lr, alpha

    def step(self, params, grads):
        for name, w in params.items():
            if grads.get(name) is not None:
                old = self.v.get(name)
                fits = old is not None and old.shape == w.shape
                self.v[name] = (self.alpha * old if fits else 0) + grads[name]
                w -= self.lr * (grads[name] + self.alpha * self.v[name])


# %% floor_division | fails: test_adagrad_follows_its_rule | hint: // rounds down to whole numbers; divide with /.
class AdaGrad(_AdaGrad):
    def move(self, s, g):
        s["s"] = s.get("s", 0) + g**2
        return -self.lr * (g // (np.sqrt(s["s"]) + self.eps))


# %% only_a_new_dict_is_returned | fails: test_sgd_follows_its_rule, test_sgd_keeps_its_books | hint: step returns new parameters but leaves the given ones as they are; it has to change them in place.
class SGD(_Rule):
    def step(self, params, grads):
        return {name: w if grads[name] is None else w - self.lr * grads[name] for name, w in params.items()}


# %% always_float64_steps | fails: test_rmsprop_keeps_its_books | hint: The parameter became float64: it has to stay the float32 array it was.
class RMSProp(_RMSProp):
    def step(self, params, grads):
        for name, g in grads.items():
            if g is not None:
                change = self.lr * g / (np.sqrt(self.average(self.states.setdefault(name, {}), g)) + self.eps)
                params[name] = params[name].astype(np.float64) - change


# %% adadelta_averages_fade_without_a_gradient | fails: test_adadelta_keeps_its_books | hint: None means skip: the averages of a parameter without a gradient stay as they are.
class AdaDelta(_right["AdaDelta"]):
    def step(self, params, grads):
        given = {name: np.zeros_like(w) if grads.get(name) is None else grads[name] for name, w in params.items()}
        super().step(params, given)


# %% colon_in_rmsprop | fails: test_a_parameter_may_have_no_axes | hint: w[:] = ... is an IndexError for an array of shape (): w -= ... works in place for every shape.
class RMSProp(RMSProp):
    def step(self, params, grads):
        for name, g in grads.items():
            if g is not None:
                w = params[name]
                self.s[name] = self.rho * self.s.get(name, 0.0) + (1 - self.rho) * g**2
                w[:] -= self.lr * g / (np.sqrt(self.s[name]) + self.eps)


# %% momentum_skips_zeros | fails: test_momentum_follows_its_rule | hint: A gradient of zeros is a gradient: what Momentum remembers fades, and t counts on. Only None skips a parameter.
class Momentum(_right["Momentum"]):
    def step(self, params, grads):
        super().step(params, {key: None if g is None or not np.any(g) else g for key, g in grads.items()})


# %% nesterov_skips_zeros | fails: test_nesterov_follows_its_rule | hint: A gradient of zeros is a gradient: what Nesterov remembers fades, and t counts on. Only None skips a parameter.
class Nesterov(_right["Nesterov"]):
    def step(self, params, grads):
        super().step(params, {key: None if g is None or not np.any(g) else g for key, g in grads.items()})


# %% rmsprop_skips_zeros | fails: test_rmsprop_follows_its_rule | hint: A gradient of zeros is a gradient: what RMSProp remembers fades, and t counts on. Only None skips a parameter.
class RMSProp(_right["RMSProp"]):
    def step(self, params, grads):
        super().step(params, {key: None if g is None or not np.any(g) else g for key, g in grads.items()})


# %% adadelta_skips_zeros | fails: test_adadelta_follows_its_rule | hint: A gradient of zeros is a gradient: what AdaDelta remembers fades, and t counts on. Only None skips a parameter.
class AdaDelta(_right["AdaDelta"]):
    def step(self, params, grads):
        super().step(params, {key: None if g is None or not np.any(g) else g for key, g in grads.items()})


# %% adam_skips_zeros | fails: test_adam_follows_its_rule | hint: A gradient of zeros is a gradient: what Adam remembers fades, and t counts on. Only None skips a parameter.
class Adam(_right["Adam"]):
    def step(self, params, grads):
        super().step(params, {key: None if g is None or not np.any(g) else g for key, g in grads.items()})


# %% sgd_in_a_flat_copy | fails: test_sgd_follows_its_rule, test_sgd_keeps_its_books | hint: reshape and ravel give a copy where an array does not lie row by row, so the caller's array never moves.
class SGD(_right["SGD"]):
    def step(self, params, grads):
        super().step(
            {name: w.reshape(-1) for name, w in params.items()},
            {name: None if g is None else g.reshape(-1) for name, g in grads.items()},
        )


# %% momentum_in_a_flat_copy | fails: test_momentum_follows_its_rule, test_momentum_keeps_its_books | hint: reshape and ravel give a copy where an array does not lie row by row, so the caller's array never moves.
class Momentum(_right["Momentum"]):
    def step(self, params, grads):
        super().step(
            {name: w.reshape(-1) for name, w in params.items()},
            {name: None if g is None else g.reshape(-1) for name, g in grads.items()},
        )


# %% nesterov_in_a_flat_copy | fails: test_nesterov_follows_its_rule, test_nesterov_keeps_its_books | hint: reshape and ravel give a copy where an array does not lie row by row, so the caller's array never moves.
class Nesterov(_right["Nesterov"]):
    def step(self, params, grads):
        super().step(
            {name: w.reshape(-1) for name, w in params.items()},
            {name: None if g is None else g.reshape(-1) for name, g in grads.items()},
        )


# %% adagrad_in_a_flat_copy | fails: test_adagrad_follows_its_rule, test_adagrad_keeps_its_books | hint: reshape and ravel give a copy where an array does not lie row by row, so the caller's array never moves.
class AdaGrad(_right["AdaGrad"]):
    def step(self, params, grads):
        super().step(
            {name: w.reshape(-1) for name, w in params.items()},
            {name: None if g is None else g.reshape(-1) for name, g in grads.items()},
        )


# %% rmsprop_in_a_flat_copy | fails: test_rmsprop_follows_its_rule, test_rmsprop_keeps_its_books | hint: reshape and ravel give a copy where an array does not lie row by row, so the caller's array never moves.
class RMSProp(_right["RMSProp"]):
    def step(self, params, grads):
        super().step(
            {name: w.reshape(-1) for name, w in params.items()},
            {name: None if g is None else g.reshape(-1) for name, g in grads.items()},
        )


# %% adadelta_in_a_flat_copy | fails: test_adadelta_follows_its_rule, test_adadelta_keeps_its_books | hint: reshape and ravel give a copy where an array does not lie row by row, so the caller's array never moves.
class AdaDelta(_right["AdaDelta"]):
    def step(self, params, grads):
        super().step(
            {name: w.reshape(-1) for name, w in params.items()},
            {name: None if g is None else g.reshape(-1) for name, g in grads.items()},
        )


# %% adam_in_a_flat_copy | fails: test_adam_follows_its_rule, test_adam_keeps_its_books | hint: reshape and ravel give a copy where an array does not lie row by row, so the caller's array never moves.
class Adam(_right["Adam"]):
    def step(self, params, grads):
        super().step(
            {name: w.reshape(-1) for name, w in params.items()},
            {name: None if g is None else g.reshape(-1) for name, g in grads.items()},
        )


# %% sgd_pairs_by_place | fails: test_sgd_follows_its_rule, test_sgd_keeps_its_books | hint: A gradient belongs to the parameter of its name; the two dicts may have different orders, so zip pairs what does not belong together.
class SGD(_right["SGD"]):
    def step(self, params, grads):
        super().step(params, dict(zip(params, grads.values(), strict=True)))


# %% momentum_pairs_by_place | fails: test_momentum_follows_its_rule, test_momentum_keeps_its_books | hint: A gradient belongs to the parameter of its name; the two dicts may have different orders, so zip pairs what does not belong together.
class Momentum(_right["Momentum"]):
    def step(self, params, grads):
        super().step(params, dict(zip(params, grads.values(), strict=True)))


# %% nesterov_pairs_by_place | fails: test_nesterov_follows_its_rule, test_nesterov_keeps_its_books | hint: A gradient belongs to the parameter of its name; the two dicts may have different orders, so zip pairs what does not belong together.
class Nesterov(_right["Nesterov"]):
    def step(self, params, grads):
        super().step(params, dict(zip(params, grads.values(), strict=True)))


# %% adagrad_pairs_by_place | fails: test_adagrad_follows_its_rule, test_adagrad_keeps_its_books | hint: A gradient belongs to the parameter of its name; the two dicts may have different orders, so zip pairs what does not belong together.
class AdaGrad(_right["AdaGrad"]):
    def step(self, params, grads):
        super().step(params, dict(zip(params, grads.values(), strict=True)))


# %% rmsprop_pairs_by_place | fails: test_rmsprop_follows_its_rule, test_rmsprop_keeps_its_books | hint: A gradient belongs to the parameter of its name; the two dicts may have different orders, so zip pairs what does not belong together.
class RMSProp(_right["RMSProp"]):
    def step(self, params, grads):
        super().step(params, dict(zip(params, grads.values(), strict=True)))


# %% adadelta_pairs_by_place | fails: test_adadelta_follows_its_rule, test_adadelta_keeps_its_books | hint: A gradient belongs to the parameter of its name; the two dicts may have different orders, so zip pairs what does not belong together.
class AdaDelta(_right["AdaDelta"]):
    def step(self, params, grads):
        super().step(params, dict(zip(params, grads.values(), strict=True)))


# %% adam_pairs_by_place | fails: test_adam_follows_its_rule, test_adam_keeps_its_books | hint: A gradient belongs to the parameter of its name; the two dicts may have different orders, so zip pairs what does not belong together.
class Adam(_right["Adam"]):
    def step(self, params, grads):
        super().step(params, dict(zip(params, grads.values(), strict=True)))


# %% sgd_clips | fails: test_sgd_obeys_its_law | hint: The gradient is cut to [-100, 100], of which the rule says nothing.
class SGD(_right["SGD"]):
    def step(self, params, grads):
        super().step(params, {name: None if g is None else np.clip(g, -100, 100) for name, g in grads.items()})


# %% momentum_clips | fails: test_momentum_obeys_its_law | hint: The gradient is cut to [-100, 100], of which the rule says nothing.
class Momentum(_right["Momentum"]):
    def step(self, params, grads):
        super().step(params, {name: None if g is None else np.clip(g, -100, 100) for name, g in grads.items()})


# %% nesterov_clips | fails: test_nesterov_obeys_its_law | hint: The gradient is cut to [-100, 100], of which the rule says nothing.
class Nesterov(_right["Nesterov"]):
    def step(self, params, grads):
        super().step(params, {name: None if g is None else np.clip(g, -100, 100) for name, g in grads.items()})
