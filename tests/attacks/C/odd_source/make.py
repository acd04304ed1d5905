def content(honest):
    odd = [
        "# -*- coding: utf-16 -*-\nzero = 0",
        "\f\n\f\nformed = 1",
        "\uff53\uff48\uff41\uff52\uff45\uff53\uff12 = 2  # letters of full width",
        "a\u2028b = 1",
        "x = '\x00'",
        "half = '\\ud800'\n\u202e# reversed\u202c",
        "if True:\n\tx = 1\n        y = 2",
        "l = 1\r\nm = 2\rn = 3",
        "# %% [markdown]\n# # %%\n",
    ]
    text = honest.decode() + "".join(
        f'\n# %% {number} <b>title</b> tags=["x"]\n{cell}\n' for number, cell in enumerate(odd)
    )
    return "probe.py", b"\xef\xbb\xbf" + text.replace("\n\n", "\n\r\n").encode("utf-8", "surrogatepass"), ()
