"""Nothing in this folder is a test: `tests/test_attacks.py` takes it from here."""

collect_ignore_glob = ["*"]
