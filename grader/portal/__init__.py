"""`grader serve`: where students hand in and read, assistants grade and answer, instructors publish.

    routes    every address, and who may use it;  app  from a request to a page, through that table
    guards    headers of every answer, host and origin;  visit  one request;  frame  what a page is set in
    signing_in, people      links, sessions, tokens; roles;  database  beside the record;  now  the course as it stands
    hand_ins, looking       uploads and receipts, and their files, which are read in a process of their own
    recorder, queue         on grading's record; waiting;  grading_process  the child that owns the pool
    access    what a student may see now;  live  lines that follow what happens
    marking/  what people mark: rubrics, piles, comments, two readers;  competitions/  entries, scores, leaderboards
    public_checks/  run before the deadline;  child, slots, worker  what they share with grading
    *_pages, staff_*        what each role sees;  api, openapi  the same for programs;  serving  the server itself

Over the same record as the commands, to which it adds what `collect`, `grade` and `override` would.
"""
