"""What a student is told: a page of feedback on one assignment, as HTML, Markdown, or files that Moodle hands out.

    parts        the nouns: what a page is made of, and what it says
    composing    from one to the other
    questions    checks in groups, and the code that they are about
    plain_words  a check in words that can carry no hidden input out;  python_texts  what of an exception may be told
    excerpts     lines of the student's own code
    standing     which assignments count so far
    notices      what became of the file, where there are no marks, the receipt
    page, style  HTML;  markdown  the same as text;  names  of files
    moodle       the zip that Moodle takes, and whose participant number is whose

Pure: values in, text out. `commands/feedback.py` reads the record and writes the files.
"""
