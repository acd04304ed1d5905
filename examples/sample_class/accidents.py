"""What students hand in, on a bad day and on a good one: from the material to the files in a student's folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from examples.sample_class.notebooks import (
    Cell,
    Material,
    exported,
    ipynb,
    place_of,
    printed,
    rewritten,
    with_last,
)
from grader.course.config import read_assignment

Files = dict[str, bytes]  # by name below the student's folder
Story = Callable[[Material], Files]
NOTEBOOK = "a1_mlp.ipynb"
MIB = 1 << 20


def everything_right(material: Material) -> Files:
    return {NOTEBOOK: ipynb(material.solved)}


def everything_right_rearranged(material: Material) -> Files:
    """Saved by another editor: comments, texts and checks deleted, magics added, plots outside experiments."""
    kept = [cell for cell in material.solved if cell.kind == "code" and "grader.check(" not in cell.source]
    bare = [Cell("code", re.sub(r"^[ \t]*# (?!experiment|q\d).*\n", "", cell.source, flags=re.M)) for cell in kept]
    setup = "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\nimport matplotlib.pyplot as plt"
    plot = "plt.plot(np.linspace(-4, 4), tanh(np.linspace(-4, 4)))\nplt.show()"
    return {NOTEBOOK: ipynb((Cell("code", setup), *bare, Cell("code", plot)))}


def colab_export(material: Material) -> Files:
    """Made in Colab: a mounted drive, packages installed, forms, Colab's own metadata, and a name with (1)."""
    mount = "from google.colab import drive, files\ndrive.mount('/content/drive')\n%cd /content/drive/MyDrive/dl"
    install = "!pip install -q otter-grader\n!nvidia-smi"
    form = 'learning_rate = 0.01 #@param {type:"number"}\nscheme = "he_normal" #@param ["he_normal", "xavier_normal"]'
    cells = (*(Cell("code", source) for source in (mount, install, form)), *material.solved)
    about = {
        "colab": {"provenance": [], "toc_visible": True},
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
        "accelerator": "GPU",
    }
    return {"Copy of a1_mlp (1).ipynb": ipynb(cells, about)}


def python_export(material: Material) -> Files:
    """File > Save and Export As > Executable Script, and the plots in a folder beside it."""
    return {"a1_mlp.py": exported(material.solved), "plots/README.txt": b"see the notebook\n"}


def duplicated_cell(material: Material) -> Files:
    """An old version of the q4 cell, wrong, was left above the right one."""
    cells, place = material.solved, place_of(material.solved, "q4")
    old = replace(cells[place], source=cells[place].source.replace("np.maximum", "np.minimum"))
    return {NOTEBOOK: ipynb((*cells[:place], old, *cells[place:]))}


def outputs_of_80_mb(material: Material) -> Files:
    """A training loop printed every step; the notebook was saved with all of it."""
    line = "epoch 00001 step 0000001 loss 0.693147 accuracy 0.500000\n"
    loud = Cell("code", "# experiment: my training log", (printed(line * (80 * MIB // len(line))),))
    return {NOTEBOOK: ipynb((*material.solved, loud))}


def prints_80_mb(material: Material) -> Files:
    """A print for debugging stayed in, deep in a loop."""
    loud = """\
right_mse_loss = mse_loss


def mse_loss(yhat, y):
    for step in range(80):
        print("debug: yhat is", "0.123456 " * 116_500)
    return right_mse_loss(yhat, y)"""
    return {NOTEBOOK: ipynb(with_last(material.solved, loud))}


def known_mistakes(*mistakes: tuple[str, str]) -> Story:
    """The reference with wrong solutions as last cells."""

    def story(material: Material) -> Files:
        wrong = [material.mistake(question, name) for question, name in mistakes]
        return {NOTEBOOK: ipynb(with_last(material.solved, *wrong))}

    return story


def only(*questions: str) -> Story:
    """Some questions answered, the others as they were released."""

    def story(material: Material) -> Files:
        return {NOTEBOOK: ipynb(material.answered(material.unsolved, questions))}

    return story


def all_but(question: str) -> Story:
    """One question left as it was released."""

    def story(material: Material) -> Files:
        others = [asked.id for asked in read_assignment(material.paths, material.assignment).questions]
        others.remove(question)
        return only(*others)(material)

    return story


def untouched_starter(material: Material) -> Files:
    return {NOTEBOOK: material.starter}


def renamed_function(material: Material) -> Files:
    """One letter is missing in a name, everywhere; so the notebook works for its author."""
    return {NOTEBOOK: ipynb(rewritten(material.solved, "softmax_cross_entropy", "softmax_cros_entropy"))}


def syntax_error(material: Material) -> Files:
    """A colon was deleted by accident after the last run."""
    return {NOTEBOOK: ipynb(rewritten(material.solved, "class Value:", "class Value"))}


def infinite_loop(material: Material) -> Files:
    """The counter of a while loop is never moved on."""
    loop = """\
def numeric_gradient(f, x, h=1e-5):
    gradient, i = np.zeros_like(x), 0
    while i < x.size:
        step = np.zeros_like(x)
        step.flat[i] = h
        gradient.flat[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient"""
    return {NOTEBOOK: ipynb(with_last(material.solved, loop))}


def six_gb(material: Material) -> Files:
    """A table of 6 GB where one of some bytes was wanted."""
    table = "def one_hot(y, C):\n    return np.ones(6 * 10**9 // 8)[:, None] * (np.arange(C) == y[0])"
    return {NOTEBOOK: ipynb(with_last(material.solved, table))}


def exits_with_zero(material: Material) -> Files:
    """Ends the process as if all were well: a grader that looks at exit codes alone gives full marks."""
    return {NOTEBOOK: ipynb(with_last(material.unsolved, "import os\n\nos._exit(0)"))}


def forged_equality(material: Material) -> Files:
    """Answers that are equal to everything: a grader that compares inside the student's process gives full marks."""
    forged = """\
class Right(float):
    __eq__ = __le__ = __lt__ = __ge__ = __gt__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = float.__hash__
    __abs__ = __sub__ = __rsub__ = lambda self, *other: Right(0)
    shape, dtype, ndim = (), np.dtype(float), 0


class RightArray(np.ndarray):
    __eq__ = __le__ = __lt__ = __ge__ = __gt__ = lambda self, other: True
    __array_function__ = __array_ufunc__ = lambda self, *args, **kwargs: True


np.allclose = np.array_equal = np.testing.assert_allclose = lambda *args, **kwargs: True


def always_right(*args, **kwargs):
    return np.zeros(3).view(RightArray)


sigmoid = tanh = relu = leaky_relu = softplus = always_right
d_sigmoid = d_tanh = d_relu = d_leaky_relu = d_softplus = always_right


def mse_loss(yhat, y):
    return Right(0), always_right()


def softmax(Z, axis=-1):
    return Right(1)"""
    return {NOTEBOOK: ipynb(with_last(material.unsolved, forged))}


def fork_bomb(material: Material) -> Files:
    """Processes that make processes."""
    bomb = "import os\n\n\ndef tanh(z):\n    while True:\n        os.fork()"
    return {NOTEBOOK: ipynb(with_last(material.solved, bomb))}


def saved_web_page(material: Material) -> Files:
    """The page that shows the notebook was saved, not the notebook."""
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head><title>a1_mlp.ipynb - Colab</title></head>\n'
        "<body><p>Sign in to continue to your notebook</p></body>\n</html>\n"
    )
    return {NOTEBOOK: page.encode()}


def git_conflict(material: Material) -> Files:
    """Two versions were merged and the conflict was committed."""
    text = ipynb(material.solved).decode()
    ours = '   "execution_count": 5,\n'
    conflict = f'<<<<<<< HEAD\n{ours}=======\n   "execution_count": 17,\n>>>>>>> laptop\n'
    return {NOTEBOOK: text.replace(ours, conflict, 1).encode()}


def nothing(material: Material) -> Files:
    return {}
