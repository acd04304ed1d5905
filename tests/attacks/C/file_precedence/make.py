NAMES = (
    "constants/__init__.py", "constants.cpython-311-x86_64-linux-gnu.so", "constants.abi3.so", "constants.so",
    "__pycache__/constants.cpython-311.pyc", "constants.pyc", "sitecustomize.py", "usercustomize.py", "evil.pth",
    "pyvenv.cfg", "conftest.py", "pytest.ini", "setup.cfg", "pyproject.toml", ".python_history", ".ipython/profile_default/startup/0.py",
    "numpy/__init__.py", "grader/wire/__init__.py", "grader.py", "json.py", "encodings/__init__.py", "__main__.py", ".env",
    "matplotlibrc", ".config/matplotlib/matplotlibrc", "probe.ipynb", "assignment.toml", "hidden/test_q1.py",
)  # fmt: skip


def content(honest):
    return "probe.py", honest, tuple((name, b"LN2 = 0\nraise SystemExit(0)\n") for name in NAMES)
