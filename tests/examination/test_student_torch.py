"""Modules, generators and forbidden operators: what hidden tests of torch assignments see of a submission."""

import pytest
import torch
from tiny import assignment, ended, opened

from grader.checking.compare import Mismatch
from grader.examination.student import Reference
from grader.sandbox.process import ProcessSandbox
from grader.schema import Outcome


@pytest.fixture(scope="module")
def torch_sandbox():
    slot = ProcessSandbox(assignment(preload=("numpy", "torch")))
    yield slot
    slot.close()


MODULE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)
        self.drop = nn.Dropout(0.5)
    def forward(self, x):
        return self.drop(self.fc(x))

def draw():
    return torch.rand(()).item()
def generate(generator):
    return torch.rand(3, generator=generator)
"""

RULED_OUT = """
import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy as ce

lstm, loss = nn.LSTM(4, 2), nn.CrossEntropyLoss()

class Own(nn.LayerNorm):
    pass

own = Own(4)
targets = torch.zeros(2, 4, dtype=torch.long)

def run_lstm(x): return lstm(x)[0].detach()
def make_lstm(x): return nn.LSTM(4, 2)(x)[0].detach()
def inherit(x): return own(x).detach()
def renamed(x): return ce(x, targets)
def in_a_module(x): return loss(x, targets)
def density(x): return torch.distributions.Normal(0.0, 1.0).log_prob(x)
def in_numpy(x): return np.convolve(x[0, 0].numpy(), [1.0, 2.0])
"""

HIDDEN_CONVOLUTIONS = """
import torch
import torch.nn.functional as F
from torch import nn
from importlib import import_module
by_name = getattr(import_module("torch.nn.functional"), "conv" + "2d")

def plain(x, w): return F.conv2d(x, w)
def renamed(x, w): return by_name(x, w)
def operator(x, w): return torch.ops.aten.conv2d(x, w)
def deeper(x, w): return torch.ops.aten.convolution(x, w, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1)
def module(x, w):
    layer = nn.Conv2d(1, 1, 2, bias=False)
    layer.weight = nn.Parameter(w)
    return layer(x)
def without_grad(x, w):
    with torch.no_grad(): return F.conv2d(x, w)
def inference(x, w):
    with torch.inference_mode(): return F.conv2d(x, w)
def caught(x, w):
    try: return F.conv2d(x, w)
    except BaseException: return by_hand(x, w)
def one_dimension(x, w): return F.conv1d(x.flatten(0, 2), w.flatten(0, 1).flatten(1)[:, None, :2])

def by_hand(x, w):
    patches = x.unfold(2, 2, 1).unfold(3, 2, 1)
    return torch.einsum("bchwij,ocij->bohw", patches, w)
def by_unfold(x, w):
    return (w.flatten(1) @ F.unfold(x, 2)).reshape(1, 1, 3, 3)
"""


BENEATH = """
import torch
from torch.overrides import TorchFunctionMode

class Beneath(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.Tensor.sum:
            return torch.nn.functional.cross_entropy(args[0], torch.tensor([1], device="cpu"))
        return func(*args, **(kwargs or {}))

torch.set_default_device("meta")
Beneath().__enter__()

def loss(logits, labels): return logits.sum()
def device(): return str(torch.empty(1).device)
"""


class TestTorch:
    def test_modules_work_through_their_references(self, torch_sandbox):
        with opened(torch_sandbox, MODULE) as submission:
            student = submission.check()
            net = student.Net()
            state = {"fc.weight": torch.arange(6.0).reshape(2, 3), "fc.bias": torch.ones(2)}
            net.load_state_dict(state)
            net.eval()
            x = torch.ones(4, 3)
            assert torch.equal(net(x), x @ state["fc.weight"].T + 1)
            net.train()
            assert net.training is True and (net(x) == 0).any()
            back = net.state_dict()
            assert list(back) == ["fc.weight", "fc.bias"] and torch.equal(back["fc.weight"], state["fc.weight"])
            assert net.fc.weight.shape == (2, 3) and not net.fc.weight.requires_grad

    def test_parameters_are_counted_and_read_by_a_probe(self, torch_sandbox):
        def gradients(nb, net, x):
            net(x).sum().backward()
            return {name: parameter.grad for name, parameter in net.named_parameters()}

        with opened(torch_sandbox, MODULE) as submission:
            student = submission.check()
            net = student.Net()
            net.eval()
            found = student.run(gradients, net, torch.ones(5, 3))
            assert torch.equal(found["fc.weight"], torch.full((2, 3), 5.0)) and found["fc.bias"].tolist() == [5, 5]
            assert isinstance(net.parameters(), Reference)

    def test_torch_is_seeded_before_every_call_and_its_generators_are_made_there(self, torch_sandbox):
        with opened(torch_sandbox, MODULE) as one, opened(torch_sandbox, MODULE) as other:
            draws = [one.check().draw(), one.check("test_two").draw()]
            assert draws[0] != draws[1]
            assert other.check().draw() == draws[0]
            expected = torch.rand(3, generator=torch.Generator().manual_seed(5))
            student = other.check("test_two")
            assert torch.equal(student.generate(student.generator(5)), expected)

    def test_global_randomness_of_torch_is_seen(self, torch_sandbox):
        with opened(torch_sandbox, MODULE) as submission:
            student = submission.check()
            with pytest.raises(Mismatch, match="the global random state of torch was used"), student.pure():
                student.draw()

    @pytest.mark.parametrize(
        "name",
        ["plain", "renamed", "operator", "deeper", "module", "without_grad", "inference", "caught", "one_dimension"],
    )
    def test_a_forbidden_operator_is_seen_under_every_name(self, torch_sandbox, name):
        with opened(torch_sandbox, HIDDEN_CONVOLUTIONS) as submission:
            student = submission.check()
            with student.forbids("aten::convolution", "aten::_convolution"):
                outcome, says = ended(student[name], torch.ones(1, 1, 4, 4), torch.ones(1, 1, 2, 2))
            assert outcome is Outcome.FORBIDDEN
            assert says == "operator aten::convolution was used; it is ruled out"

    @pytest.mark.parametrize("name", ["by_hand", "by_unfold"])
    def test_what_is_allowed_is_not_seen_for_it(self, torch_sandbox, name):
        x, w = torch.arange(16.0).reshape(1, 1, 4, 4), torch.arange(4.0).reshape(1, 1, 2, 2)
        with opened(torch_sandbox, HIDDEN_CONVOLUTIONS) as submission:
            student = submission.check()
            with student.forbids("aten::convolution", "aten::_convolution"):
                assert torch.equal(student[name](x, w), torch.nn.functional.conv2d(x, w))
            student.plain(x, w)  # outside of the block it is allowed

    @pytest.mark.parametrize(
        ("ruled_out", "name"),
        [
            ("torch.lstm", "run_lstm"),  # made before, and decomposed before the dispatcher sees it
            ("torch.nn.RNNBase", "run_lstm"),
            ("torch.nn.RNNBase", "make_lstm"),
            ("torch.nn.LayerNorm", "inherit"),
            ("torch.*layer_norm", "inherit"),
            ("torch.nn.functional.cross_entropy", "renamed"),
            ("torch.nn.functional.cross_entropy", "in_a_module"),
            ("torch.distributions.Distribution", "density"),
            ("numpy.convolve", "in_numpy"),
            ("aten::*", "renamed"),
        ],
    )
    def test_functions_and_classes_can_be_ruled_out_too(self, torch_sandbox, ruled_out, name):
        with opened(torch_sandbox, RULED_OUT) as submission:
            student = submission.check()
            with student.forbids(ruled_out):
                outcome, says = ended(student[name], torch.ones(2, 3, 4))
            assert outcome is Outcome.FORBIDDEN and says.endswith("was used; it is ruled out")
            student[name](torch.ones(2, 3, 4))  # outside of the block it is allowed again

    def test_a_mode_that_was_left_on_carries_out_nothing_that_is_ruled_out(self, torch_sandbox):
        with opened(torch_sandbox, BENEATH) as submission:
            student, logits = submission.check(), torch.tensor([[1.0, 2.0]])
            labels = torch.tensor([1])
            hidden = student.loss(logits, labels)
            assert torch.equal(hidden, torch.nn.functional.cross_entropy(logits, labels))
            with student.forbids("torch.nn.functional.cross_entropy"):
                seen = student.loss(logits, labels)
                assert student.device() == "meta"  # a default device is no such mode
            assert torch.equal(seen, logits.sum())
            assert torch.equal(student.loss(logits, labels), hidden)

    def test_what_does_not_exist_is_not_used(self, torch_sandbox):
        with opened(torch_sandbox, RULED_OUT) as submission:
            student = submission.check()
            with student.forbids("torch.nn.Nothing", "nowhere.at_all", "numpy.no.where"):
                student.renamed(torch.ones(2, 3, 4))

    def test_probes_and_references_are_watched_too(self, torch_sandbox):
        def probe(nb, x, w):
            return nb.plain(x, w)

        with opened(
            torch_sandbox, HIDDEN_CONVOLUTIONS, "class A:\n    def f(self, x, w):\n        return F.conv2d(x, w)"
        ) as submission:
            student = submission.check()
            made = student.A()
            with student.forbids("aten::convolution"):
                for call in (lambda *args: student.run(probe, *args), made.f):
                    assert ended(call, torch.ones(1, 1, 4, 4), torch.ones(1, 1, 2, 2))[0] is Outcome.FORBIDDEN
