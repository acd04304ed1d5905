"""What people read, in the language of the course: the catalogues (gettext), and how a sentence is looked up.

    translating  tr, trn, trc: a sentence in the language that is spoken now;  speaking: which one that is, for a while
    recorded     what stands in English on record (an outcome, a diagnosis, a notice), and errors, for whoever reads it
    formats      numbers and times as the language writes them, on pages; never in a CSV or JSON file
    po           the catalogues' files;  extraction, __main__  which messages the sources hold; rewrites the files

    templates/   what these sentences are made from, a file a room

How a sentence becomes translatable, in any room:

    tr("Nothing was handed in here")              a literal, never an f-string: `ast` reads it
    tr("{a} of {b} points", a=..., b=...)         placeholders with names: the order of words may change
    trn("{n} page", "{n} pages", n)               n chooses the form, and is a placeholder itself
    trc("verdict", "open")                        a word for which other languages have several: in its context
    COUNTS = {Verdict.COUNTED: mark("counts")}    a table is made once: mark it there, and
    tr(COUNTS[verdict])                           translate it where it is shown
    within(tr("See {page}."), page=el("a", ...))  markup inside a sentence: grader.pages.markup
    recorded(entry.reason)                        made before, in English: by its template, a line of templates/ROOM.txt
    raise UsageError(f"no {name} in {file}")      nothing to do: said(error) knows it by its f-string;
    say(f"{n} are left"), tell(f"{n} are done")   so it does what the terminal shows, line by line
    figure(plain(points)), moment(time)           4.5 is 4,5 in German

Say whole sentences: what is put together of pieces cannot be turned round. After that, `python -m grader.languages`
writes the new messages into `languages/<language>/<room>.po`, where somebody translates them; a test says what lacks.

The language is a context variable: `cli.main` sets it for a command, the portal for each request. Without that
everything is English, to the byte. What goes on record stays English, so that a record reads alike everywhere and staff
can compare it; it is translated where it is shown.

The students' program holds this room: Python 3.9, the standard library alone.
"""
