"""One submission asked and judged, with its evidence."""
