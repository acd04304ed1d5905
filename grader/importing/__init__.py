"""Bring an assignment over from Otter or nbgrader: a master, hidden tests, and a page on what became of each thing.

cells       a notebook, a percent script or R Markdown as cells
material    what was read: cells, questions, tests, files; the same for every source
otter, nbgrader   the readers
given_by_tests   what cells use and only tests make
seeds       the seed that a source sets while it grades
expected    what its own solution gives, where a test does not say what it expects
namespace   what the notebook binds, and which of it the tests may have on our side
outside     a test as calls that are judged outside of the sandbox, through the syntax tree
inside      a test as a probe, whose verdict is a claim of the sandbox
master_text, hidden_text, page   the writers
bringing    all of it, tried on the source's own solution and stub before anything is written
"""
