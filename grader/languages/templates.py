"""The templates of what is written down in English (see `recorded`), by the room whose words they are."""

TEMPLATES: dict[str, str] = {
    "checking": """
{what} has dtype {dtype}, expected {noun}.
""",
}


def templates() -> dict[str, list[str]]:
    """Room -> its templates, one a line."""
    return {room: text.strip().splitlines() for room, text in TEMPLATES.items()}
