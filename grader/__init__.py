"""Autograder for deep-learning assignments: student code answers, the judgement is made outside the sandbox."""

__version__ = "0.2.0"
