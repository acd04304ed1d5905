import builtins, ctypes, glob, importlib, importlib.machinery, importlib.util, os, pkgutil, runpy, shutil, subprocess, sys


def loaded(module):
    assert module.__file__, "an empty folder"
    return module


def by_path_finder():
    spec = importlib.machinery.PathFinder.find_spec("scipy")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def without_finders():
    kept, sys.meta_path[:] = sys.meta_path[:], [importlib.machinery.PathFinder]
    try:
        return loaded(importlib.import_module("torch"))
    finally:
        sys.meta_path[:] = kept
        sys.modules.pop("torch", None)


def by_file():
    file = next(file for folder in sys.path for file in glob.glob(folder + "/torch/__init__.py"))
    spec = importlib.util.spec_from_file_location("innocent", file)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def by_another_python():
    code = "import scipy; print(scipy.__version__)"
    assert subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True, timeout=0.5).stdout


def by_another_folder():
    for folder in glob.glob("/usr/*/python3*/*-packages") + glob.glob("/usr/local/*/python3*/*-packages"):
        sys.path.append(folder)
    without_finders()


def by_library():
    where = [folder for folder in sys.path if folder] + ["/usr"]
    ctypes.CDLL(next(file for folder in where for file in glob.glob(folder + "/torch/lib/libtorch_cpu.so")))


def by_what_is_there():
    assert [name for name, module in sys.modules.items() if name.startswith(("torch", "scipy")) and module.__file__]


def by_copy():
    source = next(folder + "/scipy" for folder in sys.path if os.path.exists(folder + "/scipy/__init__.py"))
    shutil.copytree(source, "/tmp/sci")


def by_loader():
    loader = pkgutil.find_loader("scipy")
    loader.load_module("scipy")


WAYS = [
    lambda: loaded(importlib.import_module("torch")), lambda: loaded(builtins.__import__("scipy")),
    lambda: exec("import torch.nn"), by_path_finder, without_finders, by_file, by_another_python, by_another_folder,
    by_library, by_what_is_there, by_copy, by_loader, lambda: pkgutil.resolve_name("scipy.special:softmax"),
    lambda: runpy.run_module("torch"), lambda: eval("__import__('sci' + 'py.linalg')").__file__ + "",
]  # fmt: skip
TRIED = []
for number, way in enumerate(WAYS):
    try:
        way()
        TRIED.append(f"IMPORTED by way {number}")
    except BaseException:
        TRIED.append("not")


def shares(x):
    return [f"tried {len(TRIED)}", TRIED]
