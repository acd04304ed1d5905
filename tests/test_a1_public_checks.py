"""Assignment 1 as a student meets it: what the public checks say of the reference, of the stubs and of mistakes."""

import re
import time
import warnings
from pathlib import Path

import pytest

from grader import notebook
from grader.course import read_assignment
from grader.master import read_master
from grader.paths import Paths

with warnings.catch_warnings():  # otter's own dependencies warn while they are imported
    warnings.simplefilter("ignore")
    from otter.test_files import create_test_file
    from sklearn import datasets  # noqa: F401  (so that the first check that needs it is not slow)

PATHS = Paths(Path(__file__).resolve().parent.parent)
QUESTIONS = [question.id for question in read_assignment(PATHS, "a1_mlp").questions]
CHECKS = PATHS.assignment("a1_mlp") / "tests"

WRONG = {  # check -> a function that it must not accept
    "test_and_and_or": "def mp_neuron(x, theta): return (x.sum(axis=1) > theta).astype(int)",
    "test_majority_of_three": "def gate_theta(gate, n): return n // 2",
    "test_hebb_by_hand": "def hebb_update(W, x, y, lr): return W + np.outer(y, x)",
    "test_prediction": "def perceptron_predict(X, w): return (w[0] + X @ w[1:] > 0).astype(int)",
    "test_learning_and": """
right = perceptron_fit
perceptron_fit = lambda X, y, w_init, max_epochs: right(X, y, w_init, max_epochs + 1)
""",
    "test_xor_is_not_learned": """
right = perceptron_fit
perceptron_fit = lambda *args: (*right(*args)[:2], True)
""",
    "test_xor_network": """
right = boolean_network
boolean_network = lambda table: {**right(table), "b1": np.zeros(len(table))}
""",
    "test_three_inputs": """
right = boolean_network
boolean_network = lambda table: {**right(table), "W1": right(table)["W1"][:, ::-1]}
""",
    "test_towers_of_a_square": "def tower_eval(net, x): return (x[:, None] @ net['W1'].T + net['b1'] > 0) @ net['w2']",
    "test_towers_of_the_sine": """
right = tower_network
tower_network = lambda f, a, b, K: right(lambda x: f(x + 0.5), a, b, K)
""",
    "test_first_update_by_hand": """
right = sigmoid_neuron_fit
sigmoid_neuron_fit = lambda X, y, w0, lr, tol, max_iter: right(X, y, w0, len(X) * lr, tol, max_iter)
""",
    "test_stopping": """
right = sigmoid_neuron_fit
sigmoid_neuron_fit = lambda X, y, w0, lr, tol, max_iter: right(X, y, w0, lr, -1.0, max_iter)
""",
    "test_loss_falls": """
right = sigmoid_neuron_fit
sigmoid_neuron_fit = lambda X, y, w0, lr, tol, max_iter: right(X, y, w0, -lr, tol, max_iter)
""",
    "test_one_newton_step_in_one_dimension": """
right = newton_logistic
newton_logistic = lambda X, y, l2, w0, n_iter: right(X, y, 0.0, w0, n_iter)
""",
    "test_a_product_with_a_known_hessian": "def hvp(g, w, v, h=1e-5): return (g(w + h * v) - g(w - h * v)) / h",
    "test_conjugate_gradients_by_hand": """
right = conjugate_gradient
conjugate_gradient = lambda Av, b, x0, tol, max_iter: right(Av, b, x0, tol, max_iter + 1)
""",
    "test_share_and_mean": """
right = dropout_forward
dropout_forward = lambda X, p, rng, train: right(X, 1 - p, rng, train)
""",
    "test_nothing_is_dropped_at_test_time": """
right = dropout_forward
dropout_forward = lambda X, p, rng, train: right(X, p, rng, True)
""",
    "test_dropout_gradient_by_hand": "def dropout_backward(dY, mask): return dY * (mask > 0)",
    "test_dropped_weights_get_no_gradient": """
right = dropconnect_backward
dropconnect_backward = lambda dY, cache: (right(dY, cache)[0], np.ones((3, 4)), dY.sum(axis=0))
""",
    "test_batch_by_hand": """
right = BatchNorm1d
BatchNorm1d = lambda D, eps=1e-5, momentum=0.1: right(D, eps, 1 - momentum)
""",
    "test_gradient_by_hand": """
def backward(self, dY, right=BatchNorm1d.backward):
    return dY + 0 * right(self, dY)
BatchNorm1d.backward = backward
""",
    "test_one_row_at_test_time": """
def forward(self, X, train, right=BatchNorm1d.forward):
    return right(self, X, train) * 0
BatchNorm1d.forward = forward
""",
    "test_reconstruction": """
def train_aann(X, k, rng):
    axes = np.linalg.svd(X - X.mean(axis=0))[2][:k]
    return lambda X: X @ axes.T, lambda code: code @ axes
""",
    "test_stack_has_the_shapes": """
def pretrain_stack(X, sizes, rng):
    return [(np.zeros((64, size)), np.zeros(size)) for size in sizes]
""",
    "test_fine_tuning": """
def finetune(stack, Xl, yl, n_classes, rng):
    return lambda X: np.zeros(len(X), dtype=int)
""",
    "test_activation_values": "def sigmoid(z): return 1 / (1 + np.exp(z))",
    "test_slopes": "def d_tanh(z): return 1 - z**2",
    "test_shapes_and_types": "def relu(z): return np.maximum(np.asarray(z, dtype=np.float64), 0)",
    "test_large_arguments": "def softplus(z): return np.log(1 + np.exp(z))",
    "test_cross_entropy_by_hand": "def softmax_cross_entropy(Z, y, reduction='mean'): return 0.948560, softmax(Z)",
    "test_reductions": """
right = softmax_cross_entropy
softmax_cross_entropy = lambda Z, y, reduction='mean': right(Z, y)
""",
    "test_softmax": "def softmax(Z, axis=-1): return np.exp(Z) / np.exp(Z).sum(axis=-1, keepdims=True)",
    "test_squared_error": "def mse_loss(yhat, y): return np.mean((yhat - y) ** 2), (yhat - y) / len(y)",
    "test_binary_cross_entropy": """
right = bce_with_logits
bce_with_logits = lambda z, y: (right(z, y)[0], sigmoid(z) - y)
""",
    "test_one_hot": "def one_hot(y, C): return np.eye(max(y) + 1)[y]",
    "test_shared_node": "Value.__radd__ = Value.__add__ = lambda a, b: Value(a.data + Value.of(b).data, (a,), (1.0,))",
    "test_backward_twice": "Value._parents_first = lambda self, right=Value._parents_first: right(self)[-1:]",
    "test_numbers_on_either_side": "Value.__rsub__ = Value.__sub__",
    "test_functions": "Value.exp = lambda x: Value(math.exp(x.data), (x,), (x.data,))",
    "test_long_sum": """
def parents_first(self):
    return [node for parent in self._parents for node in parents_first(parent)] + [self]
Value._parents_first = parents_first
""",
    "test_small_network": "ACTIVATIONS['relu'] = ACTIVATIONS['tanh']",
    "test_gradients": "ACTIVATIONS['tanh'] = (tanh, lambda z: 1.0)",
    "test_initialisation": """
right = init_params
init_params = lambda sizes, scheme, rng: right(sizes, 'xavier_normal', rng)
""",
    "test_numeric_gradient": "def numeric_gradient(f, x, h=1e-5, right=numeric_gradient): return 2 * right(f, x, h)",
    "test_two_steps_of_sgd_and_momentum": "Nesterov.step = SGD.step",
    "test_two_steps_of_the_adaptive_rules": "RMSProp.step = AdaGrad.step",
    "test_in_place": "def to_update(params, grads): return [('W', params['W'].copy(), grads['W'])]",
    "test_answer": """
def train_classifier(*args, right=train_classifier):
    answer = right(*args)
    return {**answer, "best_epoch": len(answer["history"]["val_loss"])}
""",
    "test_accuracy": """
def train_classifier(Xtr, ytr, Xva, yva, rng):
    return {"predict_proba": lambda X: np.full((len(X), 10), 0.1), "history": {"train_loss": [1], "val_loss": [1]},
            "best_epoch": 0}
""",
}


def master() -> dict[str, object]:
    """What the reference solution, the whole master, defines."""
    return namespace(read_master(PATHS, "a1_mlp").encode(), "master.py")


def namespace(content: bytes, name: str) -> dict[str, object]:
    """What a file defines when it is run as it is graded: top to bottom, without experiments and otter."""
    names: dict[str, object] = {}
    for cell in notebook.read(content, name).cells:
        if not cell.experiment and not re.search(r"^(import otter|grader\b)", cell.code, re.MULTILINE):
            exec(compile(cell.code, f"{name}, cell {cell.number}", "exec"), names)
    return names


def run_checks(question: str, names: dict[str, object]) -> dict[str, tuple[bool, str]]:
    """The public checks of one question: name of the check's function -> (passed, what the student reads)."""
    checks = create_test_file(str(CHECKS / f"{question}.py"), None)
    checks.run(names)
    results = checks.test_case_results
    return {result.test_case.body.test_func.__name__: (result.passed, result.message) for result in results}


@pytest.fixture(scope="module")
def reference():
    return master()


@pytest.fixture(scope="module")
def stubs():
    return namespace(PATHS.starter("a1_mlp").read_bytes(), "a1_mlp.ipynb")


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_reference_passes_every_public_check_in_two_seconds(question, reference, capsys):
    start = time.process_time()
    results = run_checks(question, dict(reference))
    assert time.process_time() - start < 2
    assert results and {name: message for name, (passed, message) in results.items() if not passed} == {}


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_public_check_says_kindly_that_a_stub_is_open(question, stubs, capsys):
    for passed, message in run_checks(question, dict(stubs)).values():
        assert not passed
        assert re.search(rf"NotImplementedError: {question}: [\w.]+ is not implemented yet$", message)
        assert "Traceback" not in message


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_public_check_names_what_is_not_defined(question):
    for passed, message in run_checks(question, {}).values():
        assert not passed and f"not defined; run the cell of {question} first" in message


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_public_check_rejects_an_obviously_wrong_function(question, capsys):
    for name in run_checks(question, {}):
        wrong = master()
        exec(WRONG[name], wrong)
        passed, message = run_checks(question, wrong)[name]
        assert not passed, f"{name} accepts {WRONG[name]}"
        assert re.search(r"(AssertionError|RecursionError|FloatingPointError): \S", message)


def test_a_function_that_returns_nothing_is_told_so(reference):
    passed, message = run_checks("q4", {**reference, "sigmoid": lambda z: None})["test_activation_values"]
    assert not passed and "yours gives None" in message


def test_the_starter_runs_from_top_to_bottom_with_nothing_filled_in(tmp_path, monkeypatch, capsys):
    """Every cell, experiments and otter included; where there is nothing to see it says so."""
    (tmp_path / "tests").symlink_to(CHECKS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    names: dict[str, object] = {}
    cells = notebook.read(PATHS.starter("a1_mlp").read_bytes(), "a1_mlp.ipynb").cells
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for cell in cells:
            exec(compile(cell.code, f"cell {cell.number}", "exec"), names)
    shown = capsys.readouterr().out
    assert shown.count("Nothing to see yet. q") == sum(cell.experiment for cell in cells) - 1  # not the first one


@pytest.mark.slow
def test_the_experiments_run_with_the_reference(monkeypatch, capsys):
    monkeypatch.setenv("MPLBACKEND", "agg")
    names: dict[str, object] = {}
    content, start = read_master(PATHS, "a1_mlp").encode(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for cell in notebook.read(content, "master.py").cells:
            exec(compile(cell.code, f"cell {cell.number}", "exec"), names)
        names["plt"] = __import__("matplotlib.pyplot").pyplot
        assert len(names["plt"].get_fignums()) == 17
        names["plt"].close("all")
    assert "Nothing to see yet" not in capsys.readouterr().out
    assert time.process_time() - start < 60


def test_the_notebook_states_the_points_of_the_assignment():
    starter = PATHS.starter("a1_mlp").read_text()
    for question in read_assignment(PATHS, "a1_mlp").questions:
        assert re.search(rf"## {question.id}\. [^\n]*\({question.points} points\)", starter)


def test_names_of_the_assignment_are_stubs_in_the_starter(stubs):
    for question in read_assignment(PATHS, "a1_mlp").questions:
        for name in question.names:
            assert callable(stubs[name]), f"{question.id}: {name}"
