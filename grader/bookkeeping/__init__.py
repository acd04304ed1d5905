"""The record and the tables together: what commands and the portal both ask of a course, and both do to it.

    marking   marks that people gave, joined to attempts;  books  the gradebook;  told  what each student is told
    judging   marks by a rubric, and rubrics that change;  line_comments  what people say of lines
    changes   points changed by hand, with a reason;  asked  what a notebook is looked at for
    timing    when hand-ins came, and how late that is;  extending  more time for somebody
    cohorts   everything about one assignment, for the report

Files are read here and values handed on; nothing is printed.
"""
