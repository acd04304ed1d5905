"""What the commands do: one function each, from parsed arguments to an exit code."""
