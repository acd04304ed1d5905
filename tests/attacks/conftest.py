"""Nothing in this folder is a test: `tests/sandbox/test_attacks.py` takes it from here."""

collect_ignore_glob = ["*"]
