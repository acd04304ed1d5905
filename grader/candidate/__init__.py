"""The program inside the sandbox: it runs a notebook's cells and answers calls on what they defined.

It holds the student's code and nothing else: no test, no expected value, no points. Whatever it says is an answer to
be judged elsewhere, so nothing here needs to be safe from the student's code; it needs to be honest for honest code. Of
the package it imports nothing but `wire`.
"""
