"""The append-only record of a course, in SQLite."""
