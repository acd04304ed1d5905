"""What every HTML page shares: markup that escapes, the look, and what is odd about an attempt."""
