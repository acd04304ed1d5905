"""Whether a module seeds torch's global generator when it is made; for q8, q9 and q10."""

import torch

from grader.testing import array, require, unpack


def drawn_behind(nb, name, arguments):
    """What the global generator gives after a module was made, for two seeds that it had before."""
    numbers = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        getattr(nb, name)(*arguments)
        numbers.append(torch.rand(4))
    return numbers


def leaves_the_generator_unseeded(student, name, *arguments):
    """A failed check where name(*arguments) seeds it. Layers may draw their first weights from it."""
    numbers = unpack(student.run(drawn_behind, name, list(arguments)), 2, what="random numbers")
    first, second = (array(each, shape=(4,), what="random numbers") for each in numbers)
    require(bool((first != second).any()), f"{name} seeds the global generator, which belongs to whoever calls it.")
