"""A whole class to look at: invented students, real notebooks, real accidents; `python -m examples.sample_class`."""
