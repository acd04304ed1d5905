"""LMS downloads -> Submissions, matched to the roster. Nothing is guessed silently, nothing is written to the disk.

    entries     files that were found and not yet read;  names  what files may be called
    disk, zips, tars, archives      where files come from; every one is checked before it is read
    uploads     what a platform says: who, which files, when, in which order
    moodle, canvas, gradescope, teams, classroom, blackboard, brightspace, plain
                one layout each;  layouts  tells them apart
    titles      what lies under another title than the assignment's
    worksheets  tables that platforms export;  times  their clocks;  places  what was named on the command line
    choosing    which upload and which file;  checking  a look into it;  who of the roster is meant: course.people
    collection  all of that together: a row a student

Covered: hostile archives and names (see `zips`, `tars`, `names`); memory, one student at a time. Not covered: what the
files contain, which is for the sandbox; a person who changes the downloads while they are read.
This file imports nothing, so that `times` alone costs nothing.
"""
