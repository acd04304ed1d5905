"""A tensor where torch is not loaded: it is known for what it is, goes back as it came, and imports nothing."""

import subprocess
import sys

PROGRAM = """
import sys
from grader import wire
from grader.checking import compare
frame = wire.encode([wire.Tensor("float32", (2, 3), bytes(24)), 1.0])
tensor, _ = wire.decode(frame)
assert wire.encode([tensor, 1.0]) == frame
try:
    compare.close(tensor, 1.0)
except compare.Mismatch as error:
    print(error)
assert "torch" not in sys.modules
import torch
assert torch.equal(wire.decode(frame)[0], torch.zeros(2, 3))
"""


def test_a_tag_is_no_reason_to_import_torch():
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "result is a torch tensor, expected a number.\n"
