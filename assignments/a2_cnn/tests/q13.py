"""Public checks of q13. They are there to help and give no points."""

import numpy as np
import torch
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


@test_case(name="the network: logits, parameters, one image alone and among others", points=0)
def test_network(train_wander):
    """the network: logits, parameters, one image alone and among others"""
    defined(locals())
    import datasets
    import torch
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    X, y = datasets.wander(200, np.random.default_rng(0), (images.reshape(-1, 8, 8) / 16, labels))
    X, y = torch.tensor(X), torch.tensor(y)
    net = train_wander(X, y, 0)
    size = sum(p.numel() for p in net.parameters())
    assert size <= 60000, f"at most 60 000 parameters, yours has {size}"
    with torch.no_grad():
        together, alone = net(X[:7]), net(X[2:3])
    assert tuple(together.shape) == (7, 10), f"7 images: logits (7, 10), yours {tuple(together.shape)}"
    assert near(alone[0].numpy(), together[2].numpy(), 1e-4), (
        "image 2 alone and among six others: the answers differ. Is the network in evaluation mode?"
    )


@test_case(name="accuracy on digits that were not trained on, and what is taken for what", points=0)
def test_accuracy(train_wander):
    """accuracy on digits that were not trained on, and what is taken for what"""
    defined(locals())
    import time

    import datasets
    import torch
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(labels))
    (X, y), (Xh, yh) = (
        datasets.wander(n, rng, (images[rows].reshape(-1, 8, 8) / 16, labels[rows]))
        for n, rows in ((3000, order[:1200]), (1000, order[1200:]))
    )
    start = time.process_time()
    net = train_wander(torch.tensor(X), torch.tensor(y), 0)
    seconds = time.process_time() - start
    with torch.no_grad():
        said = net(torch.tensor(Xh)).argmax(dim=1).numpy()
    confusion = np.zeros((10, 10), dtype=int)
    np.add.at(confusion, (yh, said), 1)
    print("rows: the digit, columns: what it is taken for", confusion, sep="\n")
    accuracy = np.mean(said == yh)
    print(f"accuracy {accuracy:.3f} on 1000 images, trained in {seconds:.1f} s of CPU time")
    assert accuracy >= 0.8, f"accuracy {accuracy:.3f}; the first points are given from 0.80 on (on other images)"
