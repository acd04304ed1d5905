"""Which hand-ins are alike, question by question, and how rare what they share is in their class."""
