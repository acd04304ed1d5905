"""A device of its own for tests: real values on the processor in tensors that claim to lie elsewhere, as on a GPU.

    preload = ("numpy", "torch", "tests.pretend_gpu")      and then device = "pretend"

Imported by a zygote, it gives torch the device "pretend". Every operator runs on the values that a tensor holds. It
refuses what CUDA refuses: operands on two devices (but for a number in a tensor without dimensions, and indices on the
processor), a generator of another device, `numpy()` without `cpu()`. Only tests name it; no command can.

Not seen by it: kernels that differ in their last digits, asynchronous errors, memory, streams, calls of `torch.cuda`, a
generator of this device that draws on the processor. Operators that change the shape of a tensor in place are refused.
`_setup_privateuseone_for_python_backend` is torch's, and private: another version of torch may want another way.
"""

from __future__ import annotations

import types
import weakref
from typing import Any

import numpy as np
import torch
import torch.utils.backend_registration as registration
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = "pretend"
CPU = torch.device("cpu")
aten = torch.ops.aten
INDEXED = (aten.index.Tensor, aten.index_put_.default, aten.index_put.default, aten._index_put_impl_.default)
FACTORIES = (  # they would resize an empty tensor
    *("arange", "arange.start", "arange.start_step", "eye", "eye.m", "randperm", "randperm.generator"),
    *("linspace", "logspace", "tril_indices", "triu_indices", "range", "range.step"),
)
ELSEWHERE: weakref.WeakValueDictionary[int, Generator] = weakref.WeakValueDictionary()  # its generators
registration._setup_privateuseone_for_python_backend(DEVICE)
MODULE = torch.get_device_module(DEVICE)  # without a generator of its own, it draws as the processor does
MODULE.get_rng_state = lambda device=DEVICE: torch.get_rng_state()
MODULE.set_rng_state = lambda state, device=DEVICE: torch.set_rng_state(state)


class Pretended(torch.Tensor):
    """Holds a tensor on the processor and says that it lies on `DEVICE`."""

    held: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> Pretended:
        form = {"strides": held.stride(), "storage_offset": held.storage_offset(), "dtype": held.dtype}
        return torch.Tensor._make_wrapper_subclass(cls, held.shape, device=f"{DEVICE}:0", requires_grad=False, **form)

    def __init__(self, held: torch.Tensor) -> None:
        self.held = held

    @classmethod
    def __torch_dispatch__(cls, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run(operator, *args, **(kwargs or {}))

    @property
    def data(self) -> torch.Tensor:
        return self.detach()

    @data.setter
    def data(self, value: torch.Tensor) -> None:
        if not isinstance(value, Pretended) or (value.shape, value.dtype) != (self.shape, self.dtype):
            raise RuntimeError(f"this {DEVICE} device takes no data of another device, shape or dtype")
        self.held = value.held

    def __getitem__(self, index: Any) -> torch.Tensor:
        return super().__getitem__(_with_tensors(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(_with_tensors(index), value)

    def numpy(self, *, force: bool = False) -> Any:
        if not force:
            raise TypeError(f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() first")
        return self.detach().cpu().numpy()

    def tolist(self) -> Any:
        return self.detach().cpu().tolist()

    def __repr__(self, **options: Any) -> str:
        return f"{self.detach().cpu()!r} on {self.device}"

    def __format__(self, form: str) -> str:
        return format(self.item(), form) if self.dim() == 0 else object.__format__(self, form)


class Generator(torch.Generator):
    """torch's generator, which knows no further device; this one draws on the processor and says where it belongs."""

    def __new__(cls, device: Any = "cpu") -> Generator:
        made = super().__new__(cls, "cpu")
        made.belongs = torch.device(f"{DEVICE}:0" if torch.device(device).type == DEVICE else device)
        if made.belongs.type == DEVICE:
            ELSEWHERE[made._cdata] = made  # an operator gets the same generator in another wrapper
        return made

    def __init__(self, device: Any = "cpu") -> None:
        pass

    @property
    def device(self) -> torch.device:
        return self.belongs


def run(operator: Any, *args: Any, **kwargs: Any) -> Any:
    """Carry out one operator on what its tensors hold. Raises RuntimeError where two devices meet."""
    if torch.is_inference_mode_enabled():  # what claims to be a view of a tensor must be made as that was
        with torch.inference_mode(False):
            return run(operator, *args, **kwargs)
    leaves = tree_leaves((args, kwargs))
    tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    named = [leaf for leaf in (*args, kwargs.get("device")) if isinstance(leaf, torch.device)]
    wanted = named[0] if named else torch.device(DEVICE)
    if wanted.type == DEVICE:  # what the tensors hold stays where it is
        args = tuple(CPU if isinstance(leaf, torch.device) else leaf for leaf in args)
        kwargs |= {"device": CPU} if "device" in kwargs else {}
    _refuse_two_devices(operator, args, tensors)
    for leaf in leaves:
        if isinstance(leaf, torch._C.Generator) and leaf._cdata not in ELSEWHERE:
            raise RuntimeError(f"Expected a '{DEVICE}' device type for generator but found 'cpu'")
    result = operator(*tree_map(_held, args), **tree_map(_held, kwargs))
    if wanted.type != DEVICE:
        return result
    given = {id(_held(tensor)): tensor for tensor in tensors}
    return tree_map(lambda leaf: _claimed(leaf, given) if isinstance(leaf, torch.Tensor) else leaf, result)


def _refuse_two_devices(operator: Any, args: Any, tensors: list[torch.Tensor]) -> None:
    """Copies go from device to device, and a tensor may be indexed from the processor; nothing else."""
    if operator is aten.copy_.default or operator is aten._copy_from.default:
        return
    if operator in INDEXED and isinstance(args[0], Pretended):
        tensors = [leaf for leaf in (args[0], *args[2:]) if isinstance(leaf, torch.Tensor)]
    if any(not isinstance(tensor, Pretended) and tensor.dim() for tensor in tensors):
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, {DEVICE}:0 and cpu! "
            f"(when running {operator})"
        )


def _held(leaf: Any) -> Any:
    return leaf.held if isinstance(leaf, Pretended) else leaf


def _with_tensors(index: Any) -> Any:
    """An index whose lists are tensors; torch would make them below the place where this device is asked."""
    if isinstance(index, tuple):
        return tuple(_with_tensors(part) if isinstance(part, list | np.ndarray) else part for part in index)
    if not isinstance(index, list | np.ndarray):
        return index
    return torch.as_tensor(index, dtype=None if len(index) else torch.long)


def _claimed(tensor: torch.Tensor, given: dict[int, torch.Tensor]) -> torch.Tensor:
    """What was given, where the operator worked in place; else a new one on the device."""
    known = given.get(id(tensor))
    if known is None:
        return Pretended(tensor)
    if known.shape != tensor.shape or known.stride() != tensor.stride():
        raise RuntimeError(f"this {DEVICE} device has no operator that changes the shape of its argument")
    return known


def _moved(make: Any) -> Any:
    """torch.tensor and its like build on the processor and move."""

    def made(*args: Any, device: Any = None, requires_grad: bool = False, **options: Any) -> torch.Tensor:
        own = args[0].device if args and isinstance(args[0], Pretended) else None
        if own is None and torch.device(device or "cpu").type != DEVICE:
            where = {} if device is None else {"device": device}
            return make(*args, requires_grad=requires_grad, **where, **options)
        if isinstance(args[-1], torch.Tensor):
            options.setdefault("dtype", args[-1].dtype)
            args = (*args[:-1], args[-1].detach().cpu())
        if isinstance(args[0], Pretended):
            options.setdefault("dtype", args[0].dtype)
            args = (args[0].held, *args[1:])
        return make(*args, device="cpu", **options).to(device or own).requires_grad_(requires_grad)

    return made


def _as_tensor(value: Any, dtype: Any = None, device: Any = None) -> torch.Tensor:
    """torch.as_tensor, which leaves a tensor where it is unless it is told."""
    if isinstance(value, torch.Tensor):
        return value.to(device=device or value.device, dtype=dtype or value.dtype)
    made = _AS_TENSOR(value, dtype=dtype)
    return made if device is None else made.to(device)


def _lstm_cell(of_input: Any, of_hidden: Any, c: Any, b_input: Any = None, b_hidden: Any = None) -> Any:
    """torch.nn.LSTM asks a GPU for one kernel, which the processor has not; here it is made of others."""
    gates = of_input + of_hidden + (0 if b_input is None else b_input + b_hidden)
    i, f, g, o = gates.chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c, gates


def _gru_cell(of_input: Any, of_hidden: Any, h: Any, b_input: Any = None, b_hidden: Any = None) -> Any:
    """The same for torch.nn.GRU."""
    if b_input is not None:
        of_input, of_hidden = of_input + b_input, of_hidden + b_hidden
    (r, z, n), (r_h, z_h, n_h) = of_input.chunk(3, 1), of_hidden.chunk(3, 1)
    n = (n + (r + r_h).sigmoid() * n_h).tanh()
    return n + (z + z_h).sigmoid() * (h - n), of_input


def _matmul(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """torch squeezes a row times a matrix in place, which changes a shape."""
    if a.dim() == 1 and b.dim() == 2:
        return b.t().mv(a)
    return aten.matmul.default.decompose(a, b)


_AS_TENSOR = torch.as_tensor
library = torch.library.Library("_", "IMPL")
library.fallback(run, "PrivateUse1")
factories = torch.library.Library("aten", "IMPL")
for name in FACTORIES:
    packet, _, overload = name.partition(".")
    operator = getattr(getattr(aten, packet), overload or "default")
    factories.impl(name, lambda *args, _operator=operator, **kwargs: run(_operator, *args, **kwargs), "PrivateUse1")
factories.impl("matmul", _matmul, "AutogradPrivateUse1")
factories.impl("_thnn_fused_lstm_cell", _lstm_cell, "AutogradPrivateUse1")
factories.impl("_thnn_fused_gru_cell", _gru_cell, "AutogradPrivateUse1")
torch.Generator = Generator
torch.tensor, torch.Tensor.new_tensor = _moved(torch.tensor), _moved(torch.Tensor.new_tensor)
torch.as_tensor = _as_tensor
torch.__future__.set_swap_module_params_on_conversion(True)  # a parameter stays the same object when its module moves
torch.cuda.get_device_properties = lambda device: types.SimpleNamespace(total_memory=1 << 33)
torch.cuda.set_per_process_memory_fraction = lambda share: None
