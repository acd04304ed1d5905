"""Public checks of q14. They are there to help and give no points."""

import numpy as np
from otter.test_files import test_case

OK_FORMAT = False

name = "q14"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q14: {', '.join(absent)} not defined; run the cell of q14 first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)


@test_case(name="the answer has its parts, and they fit together", points=0)
def test_answer(train_classifier):
    """the answer has its parts, and they fit together"""
    defined(locals())
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X = X / 16
    answer = train_classifier(X[:200], y[:200], X[200:300], y[200:300], np.random.default_rng(0))
    for key in ("predict_proba", "history", "best_epoch"):
        assert key in answer, f"the answer is a dict with {key!r} in it; yours has {sorted(answer)}"
    history = answer["history"]
    epochs = len(history["val_loss"])
    assert epochs == len(history["train_loss"]) > 0, "train_loss and val_loss: one entry for each epoch, both"
    assert answer["best_epoch"] == int(np.argmin(history["val_loss"])), (
        "best_epoch is the index of the smallest val_loss"
    )
    p = answer["predict_proba"](X[300:307])
    assert np.shape(p) == (7, 10), f"7 images: predict_proba gives (7, 10), yours gives {np.shape(p)}"
    assert near(np.sum(p, axis=1), [1] * 7) and np.min(p) >= 0, (
        "each row of predict_proba is a probability distribution"
    )


@test_case(name="accuracy on the public validation images", points=0)
def test_accuracy(train_classifier):
    """accuracy on the public validation images"""
    defined(locals())
    import time

    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X, order = X / 16, np.random.default_rng(0).permutation(len(X))
    train, validation = order[:1000], order[1000:1300]
    start = time.process_time()
    answer = train_classifier(X[train], y[train], X[validation], y[validation], np.random.default_rng(0))
    seconds = time.process_time() - start
    accuracy = np.mean(np.argmax(answer["predict_proba"](X[validation]), axis=1) == y[validation])
    print(f"accuracy {accuracy:.3f} on 300 validation images, trained in {seconds:.1f} s of CPU time")
    assert accuracy >= 0.88, f"accuracy {accuracy:.3f}; the first points are given from 0.88 on (on other images)"
    assert seconds < 20, f"{seconds:.1f} s of CPU time; 20 s are allowed"
