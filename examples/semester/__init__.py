"""A synthetic semester: a course folder with marks and results that nobody obtained, for trying marks and reports."""
