"""What scripts/gpu-checks finds on a machine: packages, torch and its GPU, the driver's library. Fails where one lacks.

python -m benchmarks.gpu_here [--device pretend]
"""

from __future__ import annotations

import argparse
import importlib.util
import platform

from grader.errors import GraderError
from grader.sandbox import nvml
from grader.sandbox.process import ProcessSandbox
from grader.schema import Assignment

NEEDED = {"torch": "torch", "numpy": "numpy", "pytest": "pytest", "matplotlib": "matplotlib", "sklearn": "scikit-learn"}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--device", choices=["cuda", "pretend"], default="cuda")
    device = options.parse_args().device
    lacking = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
    if lacking:
        print(f"these packages are not installed: {' '.join(lacking)}")
        return 1
    import torch

    print(f"{platform.platform()}, Python {platform.python_version()}, torch {torch.__version__}")
    if device == "cuda":
        if not torch.cuda.is_available():
            print(f"torch sees no GPU here (it is built for CUDA {torch.version.cuda})")
            return 1
        about = torch.cuda.get_device_properties(0)
        print(f"{about.name}, {about.total_memory >> 20} MiB, CUDA {torch.version.cuda}")
        try:
            gpus = nvml.all_gpus()
            nvml.require(*gpus)
            print(f"NVML: GPUs {', '.join(gpus)}; what processes hold can be read")
        except GraderError as error:
            print(f"NVML: {error}")
    preload = ("torch", "tests.pretend_gpu") if device == "pretend" else ("torch",)
    try:
        sandbox = ProcessSandbox(Assignment("gpu_here", "A trial", (), preload=preload))
    except GraderError as error:
        print(f"no process sandbox: {error}")
        return 1
    print(f"sandbox: {sandbox.isolation}")
    sandbox.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
