"""What the portal's database keeps of marking: who has which pile. No mark is here."""

TABLES = """
CREATE TABLE papers (number INTEGER PRIMARY KEY, assignment TEXT NOT NULL, student TEXT NOT NULL, made TEXT NOT NULL,
    UNIQUE (assignment, student));
CREATE TABLE piles (id INTEGER PRIMARY KEY, assignment TEXT NOT NULL, question TEXT NOT NULL, student TEXT NOT NULL,
    reading TEXT NOT NULL, marker TEXT NOT NULL, who TEXT NOT NULL, made TEXT NOT NULL);
CREATE INDEX piles_of_question ON piles (assignment, question);
CREATE TABLE marking_rules (id INTEGER PRIMARY KEY, assignment TEXT NOT NULL, anonymous INTEGER NOT NULL,
    who TEXT NOT NULL, made TEXT NOT NULL);
CREATE TABLE bank (id INTEGER PRIMARY KEY, assignment TEXT NOT NULL, question TEXT NOT NULL, text TEXT NOT NULL,
    who TEXT NOT NULL, made TEXT NOT NULL);
CREATE TABLE bank_ends (entry INTEGER PRIMARY KEY REFERENCES bank, who TEXT NOT NULL, made TEXT NOT NULL);
"""
APPEND_ONLY = "papers piles marking_rules bank bank_ends".split()
