"""What a terminal shows, and the JSON that stands for it."""
