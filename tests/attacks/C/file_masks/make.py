NAMES = "numpy grader wire constants random socket struct hashlib traceback linecache asyncio sitecustomize".split()
POISON = b"import os\nos._exit(0)\n"


def content(honest):
    extras = [(f"{name}.py", POISON) for name in NAMES]
    extras += [("grader/__init__.py", POISON), ("grader/wire.py", POISON), ("numpy/__init__.py", POISON)]
    return "probe.py", honest, tuple(extras)
