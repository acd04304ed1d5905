print("\ud800" * 10, "\x1b[2J")
raise ValueError("\ud800 \x1b]0;owned\x07 \u202e <script>alert(1)</script>")
