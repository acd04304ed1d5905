"""Figures of what grading costs, each with the command that makes it; docs/benchmarks.md has the tables."""
