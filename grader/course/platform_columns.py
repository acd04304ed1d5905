"""What platforms call the columns of their tables, in other languages than English."""

from __future__ import annotations

GERMAN_MOODLE = {
    "ID": "Identifier",
    "Vollständiger Name": "Full name",
    "ID-Nummer": "ID number",
    "Anmeldename": "Username",
    "E-Mail-Adresse": "Email address",
    "Bewertung": "Grade",
    "Bestwertung": "Maximum Grade",
    "Bewertung kann geändert werden": "Grade can be changed",
    "Zuletzt geändert (Abgabe)": "Last modified (submission)",
    "Zuletzt geändert (Bewertung)": "Last modified (grade)",
    "Feedback als Kommentar": "Feedback comments",
}
