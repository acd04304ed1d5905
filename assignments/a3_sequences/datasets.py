"""Procedural data sets of this assignment: every generator takes its source of randomness as an argument."""
