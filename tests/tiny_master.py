"""A master of one question, to be changed in one place, and a course folder for it."""

from pathlib import Path

from grader.paths import Paths

MASTER = '''\
# %% [raw]
# # ASSIGNMENT CONFIG
# name: a9_tiny
# generate: false
# export_cell: false
# tests:
#   files: true
#   ok_format: false

# %% [markdown]
# # A tiny assignment

# %% [raw]
# # BEGIN QUESTION
# name: q1
# points: 0

# %% [markdown]
# ## q1. Twice

# %% [raw]
# # BEGIN SOLUTION

# %%
# q1


def twice(x):
    """Two times x."""
    # BEGIN SOLUTION NO PROMPT
    doubled_number = x + x
    return doubled_number
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: twice is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS

# %%
def test_twice(twice):
    """twice 3 is 6"""
    # a comment that students may read
    assert near(twice(3), 6), f"twice(3) = 6, yours is {twice(3)}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: the same line again


# %%
# experiment: the same line again
'''


ASSIGNMENT = 'title = "Tiny"\n[[question]]\nid = "q1"\ntitle = "Twice"\npoints = 1\nnames = ["twice"]\n'


def course(root: Path, master: str = MASTER, assignment: str = ASSIGNMENT) -> Paths:
    """A course folder that holds one master and its assignment.toml."""
    paths = Paths(root)
    paths.reference("a9_tiny").parent.mkdir(parents=True)
    paths.reference("a9_tiny").write_text(master)
    paths.assignment("a9_tiny").mkdir(parents=True)
    paths.assignment_toml("a9_tiny").write_text(assignment)
    return paths
