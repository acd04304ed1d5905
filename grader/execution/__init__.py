"""Many submissions: what is left to do, and who examines it."""
