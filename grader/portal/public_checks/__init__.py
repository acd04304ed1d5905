"""The public checks of what was handed in, run by the portal: what a student may know before the deadline.

process   the child that runs them, which reads no hidden test;  running   what waits, and what came of it
shown     the student's page, and the same for programs
"""
