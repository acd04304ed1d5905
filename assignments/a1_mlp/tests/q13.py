"""Public checks of q13. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q13"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q13: {', '.join(absent)} not defined; run the cell of q13 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="a bottleneck of 4 on 600 digits: better than PCA with 4 components", points=0)
def test_reconstruction(train_aann):
    """a bottleneck of 4 on 600 digits: better than PCA with 4 components"""
    defined(locals())
    from sklearn.datasets import load_digits

    X = load_digits().data[np.random.default_rng(0).permutation(1797)] / 16
    encode, decode = train_aann(X[:600], 4, np.random.default_rng(0))
    code = encode(X[600:])
    assert np.shape(code) == (1197, 4), f"1197 rows, k = 4: encode gives (1197, 4), yours {np.shape(code)}"
    picture = decode(code)
    assert np.shape(picture) == (1197, 64), f"decode gives (1197, 64), yours {np.shape(picture)}"
    mean = X[:600].mean(axis=0)
    axes = np.linalg.svd(X[:600] - mean)[2][:4]
    pca = np.mean((mean + (X[600:] - mean) @ axes.T @ axes - X[600:]) ** 2)
    ratio = np.mean((picture - X[600:]) ** 2) / pca
    print(f"mean squared error {ratio:.3f} times that of PCA; with all 1000 rows 0.85 is asked for")
    assert ratio < 0.95, f"your error is {ratio:.3f} times that of PCA: no better than a linear network"


@test_case(name="the shapes of a stack of three layers", points=0)
def test_stack_has_the_shapes(pretrain_stack):
    """the shapes of a stack of three layers"""
    defined(locals())
    X = np.random.default_rng(0).uniform(size=(60, 64))
    stack = pretrain_stack(X, [40, 30, 20], np.random.default_rng(1))
    shapes = [(np.shape(W), np.shape(b)) for W, b in stack]
    expected = [((64, 40), (40,)), ((40, 30), (30,)), ((30, 20), (20,))]
    assert shapes == expected, f"W and b of the layers have shapes {expected}, yours {shapes}"


@test_case(name="100 labels are enough to read most digits", points=0)
def test_fine_tuning(pretrain_stack, finetune):
    """100 labels are enough to read most digits"""
    defined(locals())
    from sklearn.datasets import load_digits

    order = np.random.default_rng(0).permutation(1797)
    X, y = load_digits().data[order] / 16, load_digits().target[order]
    rng = np.random.default_rng(1)
    predict = finetune(pretrain_stack(X[:500], [32], rng), X[:100], y[:100], 10, rng)
    yours = predict(X[500:])
    assert np.shape(yours) == (1297,), (
        f"1297 rows: predict gives one integer for each, yours has shape {np.shape(yours)}"
    )
    accuracy = np.mean(yours == y[500:])
    print(f"accuracy {accuracy:.3f} with 100 labels and one layer of 32")
    assert accuracy > 0.7, f"accuracy {accuracy:.3f} with 100 labels; well above 0.7 is usual"
