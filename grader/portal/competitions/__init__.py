"""Competitions on the portal: entries come in, are scored, and stand on a leaderboard.

    entries   what was entered, chosen, named: the portal's database;  competing  scoring and settling over it
    entry_pages, entry_api   what students see and do, in a browser and from a program
    leaderboard   who stands where;  staff_page  everybody by id, and the marks

Labels and metrics are `grader.competition`'s, which is where scores come from.
"""
