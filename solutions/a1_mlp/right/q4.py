"""Right solutions of question 4 that look different from the reference."""

# %% one_entry_at_a_time | why: a loop over the entries with the math module, two-sided sigmoid, slope 1 at 0
import math


def _each(rule, z):
    z = np.asarray(z)
    dtype = z.dtype if z.dtype.kind == "f" else np.dtype(float)
    out = np.empty(z.shape, dtype=dtype)
    for index in np.ndindex(z.shape):
        out[index] = rule(float(z[index]))
    return out


def _logistic(t):
    if t >= 0:
        return 1.0 / (1.0 + math.exp(-t))
    return math.exp(t) / (1.0 + math.exp(t))


def sigmoid(z):
    return _each(_logistic, z)


def tanh(z):
    return _each(math.tanh, z)


def relu(z):
    return _each(lambda t: t if t > 0 else 0.0, z)


def leaky_relu(z, alpha=0.01):
    return _each(lambda t: t if t > 0 else alpha * t, z)


def softplus(z):
    return _each(lambda t: t + math.log1p(math.exp(-t)) if t > 0 else math.log1p(math.exp(t)), z)


def d_sigmoid(z):
    return _each(lambda t: _logistic(t) * (1.0 - _logistic(t)), z)


def d_tanh(z):
    return _each(lambda t: 1.0 - math.tanh(t) ** 2, z)


def d_relu(z):
    return _each(lambda t: 1.0 if t >= 0 else 0.0, z)


def d_leaky_relu(z, alpha=0.01):
    return _each(lambda t: 1.0 if t >= 0 else alpha, z)


def d_softplus(z):
    return _each(_logistic, z)


# %% logaddexp | why: everything through np.logaddexp, clipped exponents, masks and a - a^2
def _log_sigmoid(z):
    return -np.logaddexp(np.zeros_like(z), -z)


def sigmoid(z):
    return np.exp(_log_sigmoid(as_float(z)))


def softplus(z):
    z = as_float(z)
    return np.logaddexp(np.zeros_like(z), z)


def tanh(z):
    z = as_float(z)
    e = np.exp(-2 * np.abs(z))
    return np.sign(z) * (1 - e) / (1 + e)


def relu(z):
    z = as_float(z)
    return z * (z > 0)


def leaky_relu(z, alpha=0.01):
    z = as_float(z)
    return np.maximum(z, 0) + np.asarray(alpha, z.dtype) * np.minimum(z, 0)


def d_sigmoid(z):
    a = sigmoid(z)
    return a - a * a


def d_tanh(z):
    return 1 - tanh(z) ** 2


def d_relu(z):
    return np.heaviside(as_float(z), np.ones((), as_float(z).dtype))


def d_leaky_relu(z, alpha=0.01):
    slope = np.ones_like(as_float(z))
    slope[np.asarray(z) < 0] = alpha
    return slope


def d_softplus(z):
    return sigmoid(z)


# %% masked_sigmoid | why: fills two halves of an array by boolean masks; relu by np.clip, slope alpha at 0
def sigmoid(z):
    z = as_float(z)
    flat = np.atleast_1d(z)
    out, right = np.empty_like(flat), flat >= 0
    out[right] = 1 / (1 + np.exp(-flat[right]))
    out[~right] = np.exp(flat[~right]) / (1 + np.exp(flat[~right]))
    return out.reshape(z.shape)


def relu(z):
    return np.clip(as_float(z), 0, None)


def d_relu(z):
    return np.where(np.asarray(z) > 0, 1, 0).astype(as_float(z).dtype)


def d_leaky_relu(z, alpha=0.01):
    z = as_float(z)
    return d_relu(z) + as_float(alpha * (1 - d_relu(z)))


def d_softplus(z):
    return 1 - sigmoid(-as_float(z))


# %% all_by_logaddexp | why: everything from np.logaddexp, slopes as a (1 - a), a ReLU by a product with a mask
def sigmoid(z):
    with np.errstate(under="ignore"):
        return np.exp(-np.logaddexp(0, -as_float(z)))


def tanh(z):
    return np.tanh(as_float(z))


def relu(z):
    z = as_float(z)
    return z * (z > 0)


def leaky_relu(z, alpha=0.01):
    z = as_float(z)
    return np.maximum(z, 0) + alpha * np.minimum(z, 0)


def softplus(z):
    with np.errstate(under="ignore"):
        return np.logaddexp(0, as_float(z))


def d_sigmoid(z):
    a = sigmoid(z)
    return a * (1 - a)


def d_tanh(z):
    return 1 - tanh(z) ** 2


def d_relu(z):
    z = as_float(z)
    return np.heaviside(z, 1).astype(z.dtype)


def d_leaky_relu(z, alpha=0.01):
    z = as_float(z)
    return np.array(np.where(z < 0, alpha, 1.0), dtype=z.dtype)


def d_softplus(z):
    return sigmoid(z)


# %% entry_by_entry | why: Python's floats one by one with math, an array of the right shape at the end
def _each(f):
    def apply(z, *args):
        z = as_float(z)
        out = np.empty_like(z)
        for place in np.ndindex(z.shape):
            out[place] = f(float(z[place]), *args)
        return out

    return apply


def _sigmoid(t):
    return 1 / (1 + math.exp(-t)) if t > 0 else math.exp(t) / (1 + math.exp(t))


sigmoid = _each(_sigmoid)
tanh = _each(math.tanh)
relu = _each(lambda t: t if t > 0 else 0.0)
softplus = _each(lambda t: max(t, 0.0) + math.log1p(math.exp(-abs(t))))
d_sigmoid = _each(lambda t: _sigmoid(t) * _sigmoid(-t))
d_tanh = _each(lambda t: 1 - math.tanh(t) ** 2)
d_relu = _each(lambda t: float(t > 0))
d_softplus = _each(_sigmoid)
_leaky = _each(lambda t, alpha: t if t > 0 else alpha * t)
_d_leaky = _each(lambda t, alpha: 1.0 if t > 0 else alpha)


def leaky_relu(z, alpha=0.01):
    return _leaky(z, alpha)


def d_leaky_relu(z, alpha=0.01):
    return _d_leaky(z, alpha)
