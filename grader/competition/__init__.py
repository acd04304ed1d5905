"""Competitions: predictions are compared with labels that nobody sees, and a final score is worth a mark.

    predictions   a CSV file of predictions, read strictly;  labels  what they are compared with, in two parts
    scoring       one metric of scikit-learn;  scoring_process  the child, alone in which labels are opened
    scorer        the child as the parent knows it
    marking       points for a final score;  standings  who is where;  tables  marks/<id>.csv

What a competition is: `course.competition`. Only the child opens labels; it tells scores, and refuses to tell those of
the private part before the deadline unless it was begun for the staff.
"""
