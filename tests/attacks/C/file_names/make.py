NAMES = (
    "../escaped.py", "../../../tmp/escaped.py", "/tmp/absolute.py", "/etc/passwd", "a", "a/b", "a/b/c", "folder/", "",
    ".", "..", "nul\0byte.py", "line\nbreak.py", "x" * 300 + ".py", "\udcff.py", "C:\\windows.py", "con", "~/home.py",
    "/proc/self/mem", "/dev/shm/there.py", "constants.py/inside.py", "constants.py",
)  # fmt: skip


def content(honest):
    return "probe.py", honest, tuple((name, b"LN2 = 0\n") for name in NAMES)
