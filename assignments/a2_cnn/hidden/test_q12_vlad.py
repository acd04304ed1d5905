"""Question 12: VLAD in numpy and NetVLAD in torch, against loops over descriptors and centres."""

import numpy as np
import pytest
import torch

from grader.testing import array, close, same, unpack

pytestmark = pytest.mark.question("q12")

SIZES = ((11, 4, 3), (7, 3, 5), (20, 6, 2), (5, 5, 5), (9, 1, 4), (6, 4, 1))  # n, K, d


def unit(v):
    """v / max(|v|, 1e-12) along the last axis; torch, so that it has a gradient."""
    return v / v.norm(dim=-1, keepdim=True).clamp(min=1e-12)


def hard(X, centers):
    """VLAD by loops."""
    V = np.zeros(centers.shape)
    for x in X:
        distances = [float(np.sum((x - c) ** 2)) for c in centers]
        k = distances.index(min(distances))
        V[k] += x - centers[k]
    for k, row in enumerate(V):
        V[k] = row / max(np.sqrt(np.sum(row**2)), 1e-12)
    return V.reshape(-1) / max(np.sqrt(np.sum(V**2)), 1e-12)


def soft(x, w, b, centers):
    """NetVLAD, centre by centre."""
    exponents = torch.stack([(x * w[k]).sum(dim=2) + b[k] for k in range(len(w))], dim=2)
    shares = torch.exp(exponents - exponents.amax(dim=2, keepdim=True))
    shares = shares / shares.sum(dim=2, keepdim=True)
    rows = [unit((shares[:, :, k, None] * (x - centers[k])).sum(dim=1)) for k in range(len(w))]
    return unit(torch.cat(rows, dim=1))


def draw(rng, n, K, d):
    """Descriptors and centres, away from the origin, with every norm different."""
    return rng.normal(size=(n, d)) + 0.5, rng.normal(size=(K, d)) + 0.5


def clear(rng, n, K, d):
    """Descriptors and centres where each centre has descriptors and no choice of a centre is a close one."""
    while True:
        X, centers = draw(rng, 6 * n, K, d)
        squares = ((X[:, None] - centers) ** 2).sum(axis=2)
        ranked = np.sort(squares, axis=1)
        if K > 1:
            X, squares = X[ranked[:, 1] - ranked[:, 0] > 0.1], squares[ranked[:, 1] - ranked[:, 0] > 0.1]
        if len(np.unique(squares.argmin(axis=1))) == K:
            return X, centers


def tensors(rng, *shapes):
    return [torch.tensor(rng.normal(size=shape)) for shape in shapes]


def work(nb, centers, alpha, x, own=None, d_out=None, view=False):
    """Parameters by name as made; the output; the gradients of sum(d_out * output) for x and each parameter.

    own: values to put into the parameters first;  view: x lies in memory as (B, d, n)
    """
    given = centers.clone()
    layer = nb.NetVLAD(given, alpha)
    layer = layer.to(x.device, x.dtype)
    parameters = dict(layer.named_parameters())
    made = {name: p.detach().clone() for name, p in parameters.items()}
    with torch.no_grad():
        for name, values in (own or {}).items():
            parameters[name].copy_(values)
    x = (x.mT.clone(memory_format=torch.contiguous_format).mT if view else x.clone()).requires_grad_(d_out is not None)
    y = layer(x)
    gradients = None
    if d_out is not None:
        (d_out * y).sum().backward()
        gradients = {"x": x.grad, **{name: p.grad for name, p in parameters.items()}}
    return made, y, gradients


def ask(student, *args, **kwargs):
    """Output and gradients of a NetVLAD."""
    _, y, gradients = unpack(student.run(work, *args, **kwargs), 3)
    return y, gradients


def kept_apart(nb, centers, alpha):
    """The given centres after the module's own were changed, and the module's after the given ones were."""
    layer = nb.NetVLAD(centers, alpha)
    with torch.no_grad():
        for p in layer.parameters():
            p.add_(1.0)
    own = layer.centers.detach().clone()
    centers.mul_(2.0)
    return centers / 2.0, own - layer.centers.detach()


@pytest.mark.points(
    0.5,
    hint="vlad returns (K*d,), float32 for float32; NetVLAD has the parameters w, b and centers, which begin at "
    "2 alpha c, -alpha |c|^2 and a copy of the centres.",
)
def test_shapes_dtypes_and_the_parameters_at_the_start(student, rng):
    with student.pure(), student.forbids("aten::*"):
        for dtype in (np.float64, np.float32):
            X, centers = (t.astype(dtype) for t in clear(rng, 5, 3, 4))
            answer = student.vlad(X, centers)
            close(answer, hard(X.astype(float), centers.astype(float)).astype(dtype), dtype="exact", what="vlad")
        for data, other in [
            (a, b)
            for a in (np.float64, np.float32, np.int64)
            for b in (np.float64, np.float32, np.int64)
            if a is not np.float32 or b is np.float32  # NumPy makes float64 of the others by itself
        ]:
            X, centers = (10 * t for t in clear(rng, 5, 3, 4))
            X, centers = X.astype(data), np.round(centers).astype(other)
            wanted = hard(X.astype(float), centers.astype(float)).astype(np.float32 if data is np.float32 else float)
            what = f"vlad of {X.dtype} with centres of {centers.dtype}"
            close(student.vlad(X, centers), wanted, rtol=1e-4, atol=1e-5, dtype="exact", what=what)
        whole = rng.integers(0, 200, size=(8, 2))
        for X in (whole - 100, whole.astype(np.uint8)):  # pixels as they come in a file
            centers = np.array([[0, 0], [150, 150], [60, 20]], dtype=X.dtype)
            close(student.vlad(X, centers), hard(X.astype(float), centers.astype(float)), what="vlad of integers")
    for K, d, alpha in ((4, 3, 1.7), (2, 5, 0.3), (3, 3, 40.0)):
        centers, x = tensors(rng, (K, d), (2, 6, d))
        made, y, _ = unpack(student.run(work, centers, alpha, x), 3)
        expected = {"w": 2 * alpha * centers, "b": -alpha * (centers**2).sum(dim=1), "centers": centers}
        close(made, expected, what="the parameters at the start")
        array(y, shape=(2, K * d), dtype=torch.float64, what="the output of NetVLAD")
        given, own = unpack(student.run(kept_apart, centers, alpha), 2)
        close(given, centers, what="the centres that were given, after the module's own were changed")
        close(own, 0 * centers, what="the change of the module's centres when those that were given change")


@pytest.mark.points(
    0.8, hint="Nearest means the smallest |x - c|; then residuals, the norm of each row, and one norm in the end."
)
def test_vlad_values(student, rng):
    with student.forbids("aten::*"):
        for size in SIZES:
            for _ in range(3):
                X, centers = draw(rng, *size)
                close(student.vlad(X, centers), hard(X, centers), what=f"vlad with K = {size[1]}")
                X, centers = 3.0 * X, centers * rng.uniform(0.2, 3.0, size=(size[1], 1))
                close(student.vlad(X, centers), hard(X, centers), what="vlad with centres of different norms")


@pytest.mark.points(
    0.1, hint="|x|^2 - 2 x.c + |c|^2 has no digits left when x and c are 1e8: subtract first, then square."
)
def test_vlad_far_from_the_origin(student, rng):
    for K, d in ((3, 2), (4, 4)):
        centers = np.concatenate([np.zeros((1, d)), np.eye(d)])[:K]
        X = np.repeat(centers, 2, axis=0) + rng.uniform(-0.2, 0.2, size=(2 * K, d))
        X, centers = X + 1e8, centers + 1e8
        close(student.vlad(X, centers), hard(X, centers), rtol=1e-6, atol=1e-6, what="vlad far from the origin")


@pytest.mark.points(
    0.85, hint="softmax over the centres of w_k . x + b_k; then as in vlad, with shares for ones and zeros."
)
def test_netvlad_values(student, rng):
    for n, K, d in SIZES:
        for B in (2, 3):
            centers, x, w, other = tensors(rng, (K, d), (B, n, d), (K, d), (K, d))
            (b,) = tensors(rng, (K,))
            y, _ = ask(student, centers, 0.6, x)
            expected = soft(x, 1.2 * centers, -0.6 * (centers**2).sum(dim=1), centers)
            close(y, expected, what="NetVLAD as it is made")
            y, _ = ask(student, centers, 0.5, x, own={"w": w, "b": b, "centers": other})  # here w begins as the centres
            close(y, soft(x, w, b, other), what="NetVLAD with parameters of its own")


@pytest.mark.points(
    1.25, hint="w, b and centers are three parameters: each gets its own gradient, and so does x on both ways."
)
def test_gradients_of_netvlad(student, rng):
    for n, K, d in ((6, 3, 4), (5, 4, 2), (4, 4, 4)):
        B = 2 + (n == 5)
        centers, x, w, other, d_out = tensors(rng, (K, d), (B, n, d), (K, d), (K, d), (B, K * d))
        (b,) = tensors(rng, (K,))
        for own in (None, {"w": w, "b": b, "centers": other}):
            values = own or {"w": 1.6 * centers, "b": -0.8 * (centers**2).sum(dim=1), "centers": centers}
            y, gradients = ask(student, centers, 0.8, x, own=own, d_out=d_out)
            variables = {"x": x, **values}
            variables = {name: t.clone().requires_grad_() for name, t in variables.items()}
            expected = soft(*variables.values())
            close(y, expected.detach(), what="NetVLAD")
            wanted = torch.autograd.grad((d_out * expected).sum(), list(variables.values()))
            expected = dict(zip(variables, wanted, strict=True))
            close(gradients, expected, rtol=1e-7, atol=1e-10, what="the gradients")


@pytest.mark.points(
    0.4,
    hint="A row of zeros has norm 0 and stays 0, but a faint one (1e-9 is more than 1e-12) gets the norm 1 like all "
    "others; argmin takes the first of equal distances, if they are computed so that equal ones are equal.",
)
def test_vlad_with_empty_centres_ties_and_points_on_a_centre(student, rng):
    grid = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [40.0, 40.0], [2.0, 2.0]])
    halfway = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [2.0, 1.0], [1.0, 0.5]])
    order = rng.permutation(5)
    close(student.vlad(halfway, grid), hard(halfway, grid), what="vlad of points between centres")
    close(student.vlad(halfway, grid[order]), hard(halfway, grid[order]), what="vlad of points between centres")
    close(student.vlad(grid[:3], grid), np.zeros(10), what="vlad of points that are centres")
    close(student.vlad(grid[1:2] + 0.25, grid), hard(grid[1:2] + 0.25, grid), what="vlad of one point")
    beyond = np.concatenate([halfway - 1e-9, halfway + 1e-9])
    close(student.vlad(beyond, grid), hard(beyond, grid), rtol=1e-6, atol=1e-6, what="vlad just beyond the middle")
    near = grid[[0, 0, 4]] + rng.normal(0.0, 0.2, size=(3, 2))
    close(student.vlad(near, grid), hard(near, grid), what="vlad with centres that nothing is near to")
    faint = np.concatenate([1e-9 * rng.uniform(1.0, 2.0, size=(1, 2)), grid[1:3] + rng.normal(0.0, 0.2, size=(2, 2))])
    # 1e-12 added to the norm is a thousandth here, and free; under a root it is all that is left
    close(student.vlad(faint, grid), hard(faint, grid), rtol=0.01, atol=1e-3, what="vlad with a row of about 1e-9")


def sharp(rng, n, K, d):
    """centers, x, w, b with large exponents; no row of V is so faint that the limit of 1e-12 matters."""
    while True:
        centers, x = tensors(rng, (K, d), (2, n, d))
        w, b = (30.0 * t for t in tensors(rng, (K, d), (K,)))
        shares = torch.softmax(x @ w.T + b, dim=2)  # (2, n, K)
        rows = (shares[..., None] * (x[:, :, None] - centers)).sum(dim=1).norm(dim=2)
        if not ((rows > 1e-22) & (rows < 1e-9)).any():
            return centers, x, w, b


@pytest.mark.points(
    0.35,
    hint="The exponents may be large: let torch.softmax subtract the largest. One descriptor is a set, and may be "
    "a centre.",
)
def test_netvlad_with_large_exponents_and_one_descriptor(student, rng):
    for n, K, d in ((1, 3, 2), (1, 1, 4), (4, 3, 3)):
        centers, x, w, b = sharp(rng, n, K, d)
        for offset in (0.0, 2000.0, -2000.0):
            y, _ = ask(student, centers, 1.0, x, own={"w": w, "b": b + offset})
            close(y, soft(x, w, b, centers), rtol=1e-6, atol=1e-9, what="NetVLAD with large exponents")
    centers, x, d_out = tensors(rng, (3, 2), (2, 1, 2), (2, 6))
    faint = {"w": 0 * centers, "b": torch.tensor([0.0, -18.0, -19.0]).double(), "centers": centers}
    y, _ = ask(student, centers, 1.0, x, own=faint)
    close(y, soft(x, *faint.values()), rtol=1e-6, atol=1e-9, what="NetVLAD with rows of about 1e-8")
    x[0, 0] = centers[1]  # a row of zeros: its gradient is any number, and no nan
    _, gradients = ask(student, centers, 0.7, x, d_out=d_out)
    finite = {"x": 0 * x, "w": 0 * centers, "b": torch.zeros(3).double(), "centers": 0 * centers}
    close(gradients, finite, atol=1e30, what="the gradients where a descriptor is a centre")
    x[1, 0] = centers[0]
    _, gradients = ask(student, centers[:1], 0.7, x[1:], d_out=d_out[1:, :2])  # all rows are zeros
    finite = {"x": 0 * x[1:], "w": 0 * centers[:1], "b": torch.zeros(1).double(), "centers": 0 * centers[:1]}
    close(gradients, finite, atol=1e30, what="the gradients where all descriptors are the only centre")


@pytest.mark.points(0.4, hint="With a large alpha the softmax chooses the nearest centre alone: then NetVLAD is vlad.")
def test_a_sharp_netvlad_is_vlad(student, rng):
    for n, K, d in SIZES:
        X, centers = clear(rng, n, K, d)
        expected = hard(X, centers)
        y, _ = ask(student, torch.tensor(centers), 1e4, torch.tensor(X)[None])
        close(y, torch.tensor(expected)[None], rtol=1e-6, atol=1e-9, what="NetVLAD with alpha 1e4")
        close(student.vlad(X, centers), expected, what="vlad of the same descriptors")


@pytest.mark.points(
    0.35, hint="A set has no order; each image is coded by itself; copies of all descriptors change nothing."
)
def test_order_copies_and_neighbours_change_nothing(student, rng):
    for n, K, d in ((9, 4, 3), (5, 5, 5)):
        X, centers = clear(rng, n, K, d)
        expected = hard(X, centers)
        close(student.vlad(rng.permutation(X), centers), expected, what="vlad in another order")
        close(student.vlad(np.repeat(X, 3, axis=0), centers), expected, what="vlad of three copies")
        x, c = tensors(rng, (4, n, d), (K, d))
        order, shuffled = torch.tensor(rng.permutation(4)), torch.tensor(rng.permutation(n))
        base = soft(x, 1.4 * c, -0.7 * (c**2).sum(dim=1), c)
        for given, wanted, says in (
            (x[order], base[order], "images in another order"),
            (x[:1], base[:1], "one image alone"),
            (x[:, shuffled], base, "descriptors in another order"),
            (x, base, "positions of a map, a transposed view"),
            (x.repeat(1, 2, 1), base, "every descriptor twice"),
        ):
            y, _ = ask(student, c, 0.7, given, view="view" in says)
            close(y, wanted, what=f"NetVLAD, {says}")
    same(list(array(student.vlad(X[:4], centers), what="vlad").shape), [K * d], what="the shape of vlad")
