"""A small course with a competition: three spirals that a network tells apart and a line does not."""
