"""What a spreadsheet makes of an id that looks like a number: 0042 -> 42, 20230000000000123 -> 2.023E+16."""

from __future__ import annotations

import re
from decimal import Decimal

KEPT_DIGITS = 15  # of a number; those behind become zeros
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_DECIMALS = re.compile(r"\d{3,}[.,]0+")
_POWER = re.compile(r"(\d)(?:[.,](\d+))?E\+(\d{2})", re.IGNORECASE)


def spoilt(written: str) -> str:
    """Why something cannot be an id as it was; "" for what may be one."""
    if _POWER.fullmatch(written):
        return "a number that a spreadsheet rounded"
    return "a number that a spreadsheet gave decimals" if _DECIMALS.fullmatch(written) else ""


def without_zeros(word: str) -> str:
    """A word without the zeros in front of its numbers."""
    return _ZEROS.sub("", word)


def may_be(written: str, student: str) -> bool:
    """Whether a spreadsheet may have written this for a student's id. It is no proof: it may be another's own id."""
    if written == student:
        return False
    if without_zeros(written).casefold() == without_zeros(student).casefold():
        return True
    if not student.isdecimal():
        return False
    power = _POWER.fullmatch(written)
    if power:
        digits = len(power[2] or "")
        mantissa, _, exponent = f"{Decimal(student):.{digits}E}".partition("E")
        return (mantissa.replace(".", ""), int(exponent)) == (power[1] + (power[2] or ""), int(power[3]))
    long = written.isdecimal() and len(student) > KEPT_DIGITS
    return long and written == student[:KEPT_DIGITS] + "0" * (len(student) - KEPT_DIGITS)
