"""What a training draws from its generator, and whether it makes others with seeds of their own; for q13 and q14."""

import numpy as np

from grader.testing import formed, require


def drawn(nb, name, arguments, seed):
    """The 64-bit words that a training draws of its rng, how many generators it makes, and the seeds they are given.

    Generators that are made from another have no seed of their own.
    """
    source, seeds, made = np.random.Philox(seed), [], [0]

    def noticed(make):
        def making(*given, **named):
            made[0] += 1
            kinds = (np.random.Generator, np.random.BitGenerator, np.random.bit_generator.ISeedSequence)
            if not any(isinstance(value, kinds) for value in (*given, *named.values())):
                seeds.append(repr((given, sorted(named.items()))))
            return make(*given, **named)

        return making

    names = ("default_rng", "PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
    kept = {each: getattr(np.random, each) for each in names}
    try:
        for each, make in kept.items():
            setattr(np.random, each, noticed(make))
        getattr(nb, name)(*arguments, kept["default_rng"](source))
    finally:
        for each, make in kept.items():
            setattr(np.random, each, make)
    state = source.state
    words = 4 * int(state["state"]["counter"][0]) - 4 + int(state["buffer_pos"])
    return words, made[0] + source.seed_seq.n_children_spawned, seeds


def draws_from_rng_alone(student, rng, name, *arguments, call_s):
    """How many words a training draws from its rng, None where it makes generators from it; a failed check where
    two trainings with two generators make others with the same seed. `call_s`: what each may take.
    """
    answers = []
    for seed in rng.choice(1 << 30, size=2, replace=False).tolist():
        with student.limit(call_s=call_s):
            answer = student.run(drawn, name, list(arguments), seed)
        answers.append(formed(answer, (int, int, [str]), what="what was drawn"))
    (words, made, first), (_, _, second) = answers
    require(not set(first) & set(second), "A generator with a seed of its own is used: all randomness comes from rng.")
    return None if made else words
