import pytest
import torch

from grader.testing import close

pytestmark = pytest.mark.question("q2")
RULED_OUT = ("aten::convolution", "aten::_convolution", "aten::conv1d", "aten::mkldnn_convolution")


@pytest.mark.points(2, hint="Take the windows one by one.")
def test_CANARYNAME_windows(student, rng):
    x = torch.tensor(rng.normal(size=9))
    with student.forbids(*RULED_OUT):
        close(student.moving_sum(x, 3), x[:-2] + x[1:-1] + x[2:])
