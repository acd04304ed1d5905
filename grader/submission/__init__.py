"""What was handed in, read without running it."""
