"""The course on a device that is not the processor: what forgets to ask where a tensor lies becomes visible."""

import pytest
import torch
from tiny import assignment, ended, opened

from grader.authoring import variants
from grader.course.config import read_assignment
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.paths import Paths
from grader.sandbox.process import ProcessSandbox
from grader.schema import Outcome, Status

SEED = "5eed" * 8
DEVICE, MODULE = "pretend", "tests.pretend_gpu"  # imported by zygotes alone: it changes torch for a whole process
NOTEBOOK = """
import torch
from torch import nn

constant, table = torch.ones(3), nn.Embedding(5, 2)

def where(x): return str(x.device)
def double(x): return 2 * x
def in_place(x): return x.add_(1).mul_(2)
def filled(x):
    y = torch.zeros(2, 3, device=x.device)
    y[0], y[1, x > 1], y[[1, 1], [0, 2]] = x, 7.0, 5.0
    return y
def made(x):
    y = torch.tensor([1.0, 2.0], device=x.device) + x.new_tensor([1.0, 0.0])
    return y + torch.arange(2, device=x.device)
def shuffled(x): return x[torch.tensor([2, 0, 1])]
def with_a_number(x): return x + torch.tensor(1.0)
def drawn(x): return torch.rand(3, device=x.device, generator=torch.Generator(x.device).manual_seed(1))
def trained(x):
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    net = nn.Sequential(first, nn.ReLU(), second)
    optimizer = torch.optim.Adam(net.to(x.device).parameters())
    net(x).square().sum().backward()
    optimizer.step()
    return first.weight is second.weight, str(first.weight.grad.device)
def recurrent(x):
    torch.manual_seed(0)
    layers = nn.LSTM(3, 2), nn.GRU(3, 2)
    here = [layer(x.cpu()[None])[0].detach() for layer in layers]
    there = [layer.to(x.device)(x[None])[0] for layer in layers]
    return [(a - b.cpu()).abs().max().item() for a, b in zip(here, there)]
def back(x): return x.cpu().numpy()
@torch.inference_mode()
def appended(x): return torch.cat([x, (x.long()[:1] + 1).to(x)])
def drawn_in_between(x):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.rand(3)
    return x

def forgets(x): return x + constant
def forgets_its_module(x): return table(torch.zeros(2, dtype=torch.long, device=x.device))
def joins(x): return torch.cat([x, torch.zeros(1)])
def indexes_the_other_way(x): return constant[x.long()]
def to_numpy(x): return x.numpy()
def draws(x): return torch.rand(3, device=x.device, generator=torch.Generator().manual_seed(1))
"""


@pytest.fixture(scope="module")
def elsewhere():
    """A notebook whose tensors lie on the pretended device."""
    preload = ("numpy", "torch", MODULE)
    slot = ProcessSandbox(assignment(preload=preload))
    with opened(slot, NOTEBOOK, preload=preload) as submission:
        submission.channel.device = DEVICE
        yield submission
    slot.close()


X = torch.tensor([1.0, 2.0, 0.0])


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("double", 2 * X),
        ("in_place", 2 * (X + 1)),
        ("filled", torch.tensor([[1.0, 2.0, 0.0], [5.0, 7.0, 5.0]])),
        ("shuffled", X[[2, 0, 1]]),
        ("with_a_number", X + 1),
        ("drawn", torch.rand(3, generator=torch.Generator().manual_seed(1))),
        ("back", X),
        ("appended", torch.tensor([1.0, 2.0, 0.0, 2.0])),
        ("drawn_in_between", X),
    ],
)
def test_what_asks_where_its_tensors_lie_answers_as_on_the_processor(elsewhere, name, answer):
    assert torch.equal(torch.as_tensor(getattr(elsewhere.check(name), name)(X)), answer)


def test_modules_optimisers_and_new_tensors_go_where_the_input_is(elsewhere):
    student = elsewhere.check()
    assert student.where(X) == f"{DEVICE}:0"
    assert torch.equal(student.made(X), torch.tensor([2.0, 3.0]))
    assert student.trained(X) == (True, f"{DEVICE}:0")
    assert max(student.recurrent(X)) < 1e-6


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("forgets", "Expected all tensors to be on the same device"),
        ("forgets_its_module", "Expected all tensors to be on the same device"),
        ("joins", "Expected all tensors to be on the same device"),
        ("indexes_the_other_way", "Expected all tensors to be on the same device"),
        ("to_numpy", "device type tensor to numpy"),
        ("draws", "device type for generator"),
    ],
)
def test_what_forgets_the_device_is_an_error(elsewhere, name, says):
    outcome, text = ended(getattr(elsewhere.check(name), name), X)
    assert outcome is Outcome.ERROR and says in text


QUICK = "q2", "q3", "q4", "q8", "q10"  # of a3_sequences
TORCH = ("a2_cnn", "a3_sequences", "a4_generative")
TRAINS = "q14"  # minutes, and here an operator at a time


def lost_elsewhere(course, assignment_id, questions, solutions):
    """What does not pass on the device: (submission, question or check, what was said).

    solutions: they must pass; each is asked for its own question, or for all of them
    """
    described = course / "assignments" / assignment_id / "assignment.toml"
    text = described.read_text()
    for old, new in (
        ('"torch", ', f'"torch", "{MODULE}", '),
        ("call_s = 10\n", "call_s = 120\n"),
        ("total_s = 400\n", "total_s = 4000\n"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)  # an operator of the device costs ten of the processor's
    described.write_text(text)
    lost = []
    with Pool(Paths(course), assignment_id, PoolSpec("process")) as pool:
        asked = [
            Task(each.submission, SEED, (each.question,) if each.question else questions, DEVICE, explain=False)
            for each in solutions
            if each.question in ("", *questions)
        ]
        assert asked
        for task, examined in pool.run(iter(asked)):
            if examined.status is not Status.GRADED:
                lost.append((task.submission.filename, task.questions, examined.fault))
            assert examined.results or examined.fault
            for check in examined.results:
                if not check.outcome.earns:
                    lost.append((task.submission.filename, check.name, check.message))
    return lost


def test_the_reference_passes_its_quick_questions_elsewhere(course):
    paths = Paths(course)
    reference = variants.reference(paths, read_assignment(paths, "a3_sequences"))
    assert lost_elsewhere(course, "a3_sequences", QUICK, [reference]) == []


@pytest.mark.long
@pytest.mark.parametrize("assignment_id", TORCH)
def test_the_reference_and_all_right_alternatives_pass_elsewhere(course, assignment_id):
    paths = Paths(course)
    described = read_assignment(paths, assignment_id)
    known = [variants.reference(paths, described), *variants.right(paths, described)]
    questions = tuple(each.id for each in described.questions if each.id != TRAINS)
    assert lost_elsewhere(course, assignment_id, questions, known) == []
