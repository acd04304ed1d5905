"""What goes over the wire comes back exactly, loses forged classes on the way, and costs no more than it says."""

import math
import struct
import time

import hypothesis.extra.numpy as arrays_of
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import wire
from grader.wire import Ref, WireError, decode, encode

thoroughly = settings(deadline=None, derandomize=True, max_examples=300)


def identical(a, b):
    """Equal in type, in every bit of every number, and in order."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and bits(a) == bits(b)
    if isinstance(a, (np.ndarray, np.generic)):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b)
    if isinstance(a, complex):
        return identical(a.real, b.real) and identical(a.imag, b.imag)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, dict):
        return identical(list(a.items()), list(b.items()))
    if isinstance(a, (set, frozenset)):
        return sorted(map(encode, a)) == sorted(map(encode, b))
    return a == b


def bits(tensor):
    plain = torch.empty(tensor.numel(), dtype=tensor.dtype).copy_(tensor.detach().reshape(-1))
    return plain.view(torch.uint8).numpy().tobytes()


any_float = st.integers(0, 2**64 - 1).map(lambda word: struct.unpack("<d", word.to_bytes(8, "little"))[0]) | st.floats()
any_int = st.integers() | st.integers(-(2**200), 2**200) | st.sampled_from([2**63, -(2**63), 2**63 - 1, -(2**63) - 1])
any_text = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates too
atoms = (
    st.none()
    | st.booleans()
    | any_int
    | any_float
    | st.builds(complex, any_float, any_float)
    | any_text
    | st.binary(max_size=20)
    | st.builds(Ref, st.integers(0, 2**62), st.sampled_from(["function", "object"]), st.text(max_size=9))
)
dtypes = st.sampled_from(wire.NUMPY_DTYPES).map(np.dtype)
shapes = arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
numpy_arrays = arrays_of.arrays(dtypes, shapes)
numpy_scalars = arrays_of.arrays(dtypes, ()).map(lambda array: array[()])
tensors = arrays_of.arrays(dtypes.filter(lambda dtype: dtype.name not in ("uint16", "uint32", "uint64")), shapes).map(
    torch.from_numpy
)
keys = st.recursive(
    atoms, lambda inner: st.tuples(inner) | st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4
)
values = st.recursive(
    atoms | numpy_arrays | numpy_scalars | tensors,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(keys, max_size=4)
        | st.frozensets(keys, max_size=4)
    ),
    max_leaves=12,
)


# ------------------------------------------------------------------------------------------------ what comes back


@thoroughly
@given(values)
def test_every_value_comes_back_in_type_and_in_every_bit(value):
    assert identical(decode(encode(value)), value)


@thoroughly
@given(values)
def test_the_same_value_is_the_same_bytes_and_a_decoded_one_too(value):
    frame = encode(value)
    assert encode(value) == frame
    assert encode(decode(frame)) == frame


@pytest.mark.parametrize("dtype", wire.NUMPY_DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3), (2, 0, 3), (1, 1, 2, 3, 5)], ids=str)
def test_arrays_of_every_dtype_and_shape_come_back(dtype, shape):
    array = np.random.default_rng(3).integers(0, 2, size=shape).astype(dtype)
    back = decode(encode(array))
    assert identical(back, array)
    assert back.flags.writeable and back.flags.c_contiguous


@pytest.mark.parametrize("dtype", wire.TORCH_DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (2, 3), (2, 0, 3)], ids=str)
def test_tensors_of_every_dtype_and_shape_come_back(dtype, shape):
    tensor = torch.ones(shape).to(getattr(torch, dtype))
    assert identical(decode(encode(tensor)), tensor)


BASE = torch.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("tensor", "plain"),
    [
        pytest.param(BASE.transpose(0, 2), BASE.transpose(0, 2).contiguous(), id="not contiguous"),
        pytest.param(BASE[:, 1:, ::2], BASE[:, 1:, ::2].clone(), id="a slice"),
        pytest.param(BASE[:1, 1:2, ::4], BASE[:1, 1:2, ::4].clone(), id="one element of odd strides"),
        pytest.param(BASE[:, :1].expand(2, 5, 4), BASE[:, :1].repeat(1, 5, 1), id="expanded"),
        pytest.param(torch.tensor([1 + 2j]).conj(), torch.tensor([1 - 2j]), id="a lazy conjugate"),
        pytest.param(torch.tensor([1 + 2j]).conj().imag, torch.tensor([-2.0]), id="a lazy negative"),
        pytest.param(torch.nn.Parameter(torch.ones(3)), torch.ones(3), id="a parameter"),
        pytest.param(torch.ones(3, requires_grad=True) * 2, torch.full((3,), 2.0), id="in an autograd graph"),
        pytest.param(torch.tensor([1.5, -0.0]).bfloat16(), torch.tensor([1.5, -0.0]).bfloat16(), id="bfloat16"),
    ],
)
def test_a_tensor_comes_back_as_the_plain_tensor_of_its_values(tensor, plain):
    back = decode(encode([tensor]))[0]
    assert identical(back, plain)
    assert not back.requires_grad and back.is_contiguous()


def test_arrays_in_any_layout_and_byte_order_come_back_plain():
    array = np.arange(12.0).reshape(3, 4)
    for odd in (
        array.T,
        array[::-1, ::2],
        np.asfortranarray(array),
        array.astype(">f8"),
        np.broadcast_to(array, (2, 3, 4)),
    ):
        back = decode(encode(odd))
        assert back.dtype == np.float64 and back.shape == odd.shape and np.array_equal(back, odd)


def test_what_was_sent_does_not_change_when_its_source_does():
    array, tensor = np.zeros(3), torch.zeros(3)
    frame = encode([array, tensor])
    array[0], tensor[0] = 1, 1
    assert all(float(copy[0]) == 0 for copy in decode(frame))


def test_not_a_number_keeps_its_payload():
    for word in (0x7FF8000000000001, 0x7FF0000000000001, 0xFFF8DEADBEEF0001):
        number = struct.unpack("<d", struct.pack("<Q", word))[0]
        back = decode(encode(number))
        assert math.isnan(back) and struct.pack("<d", back) == struct.pack("<Q", word)


# ------------------------------------------------------------------------------------------------ what is lost


def always_true(*ignored):
    return True


FORGED = {"__eq__": always_true, "__ne__": always_true, "__hash__": lambda self: 1, "__lt__": always_true}


@pytest.mark.parametrize(
    ("forged", "plain"),
    [
        pytest.param(type("I", (int,), FORGED)(3), 3, id="int"),
        pytest.param(type("F", (float,), FORGED)(3.5), 3.5, id="float"),
        pytest.param(type("C", (complex,), FORGED)(1j), 1j, id="complex"),
        pytest.param(type("S", (str,), FORGED)("a"), "a", id="str"),
        pytest.param(type("B", (bytes,), FORGED | {"__bytes__": lambda self: b"longer"})(b"a"), b"a", id="bytes"),
        pytest.param(bytearray(b"a"), b"a", id="bytearray"),
        pytest.param(type("L", (list,), FORGED | {"__len__": lambda self: 9})([1]), [1], id="list"),
        pytest.param(type("T", (tuple,), FORGED | {"__iter__": lambda self: iter([7])})([1]), (1,), id="tuple"),
        pytest.param(type("D", (dict,), FORGED | {"items": lambda self: []})(a=1), {"a": 1}, id="dict"),
        pytest.param(np.arange(3.0).view(type("A", (np.ndarray,), FORGED)), np.arange(3.0), id="ndarray"),
        pytest.param(np.ma.masked_array([1.0, 2.0], [True, False]), np.array([1.0, 2.0]), id="masked array"),
        pytest.param(torch.ones(2).as_subclass(type("X", (torch.Tensor,), FORGED)), torch.ones(2), id="tensor"),
        pytest.param(np.str_("a"), "a", id="NumPy's str"),
        pytest.param(np.bytes_(b"a"), b"a", id="NumPy's bytes"),
        pytest.param({np.int64(3): 1, (np.bool_(True), np.float32(0.5)): 2}, {3: 1, (True, 0.5): 2}, id="NumPy's keys"),
    ],
)
def test_a_subclass_becomes_its_plain_type(forged, plain):
    assert identical(decode(encode(forged)), plain)


def test_a_tensor_subclass_that_overrides_torch_functions_is_not_asked():
    class Liar(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            if function.__name__ in ("detach", "cpu", "contiguous", "numpy", "reshape"):
                return torch.full((3,), 42.0)
            return super().__torch_function__(function, types, args, kwargs or {})

    assert identical(decode(encode(torch.zeros(3).as_subclass(Liar))), torch.zeros(3))


# ------------------------------------------------------------------------------------------------ what is refused


def nested(levels, wrap):
    value = 1
    for _ in range(levels):
        value = wrap(value)
    return value


def endless():
    value = []
    value.append(value)
    return value


SPARSE = torch.eye(3).to_sparse()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param(object(), "of type object", id="an object"),
        pytest.param(print, "of type builtin_function", id="a function"),
        pytest.param(np.array([None]), "dtype object", id="an array of objects"),
        pytest.param(np.array(["a"]), "dtype <U1", id="an array of strings"),
        pytest.param(np.zeros(2, dtype=[("a", "f8")]), "dtype", id="a structured array"),
        pytest.param(np.datetime64("2026-01-01"), "dtype datetime64", id="a date"),
        pytest.param(np.longdouble(1), "dtype float128", id="long double"),
        pytest.param(SPARSE, "layout torch.sparse", id="a sparse tensor"),
        pytest.param(torch.ones(3, device="meta"), "device meta", id="a tensor without storage"),
        pytest.param(2 ** (8 * 1024), "an int of 1025 bytes", id="a large int"),
        pytest.param(-(2 ** (8 * 1024)), "an int of 1025 bytes", id="a large negative int"),
        pytest.param(nested(65, lambda value: [value]), "nested deeper", id="nested too deep"),
        pytest.param({nested(65, lambda value: (value,)): 0}, "nested deeper", id="nested too deep in keys"),
        pytest.param(endless(), "nested deeper", id="a list that holds itself"),
        pytest.param([0] * (wire.MAX_ITEMS + 1), "elements in its containers", id="too many elements"),
        pytest.param([[0] * 600_000, [0] * 600_000], "elements in its containers", id="too many elements together"),
        pytest.param(np.zeros((1,) * 33), "33 dimensions", id="too many dimensions"),
        pytest.param(np.empty((0, 1 << 41)), "of shape", id="an empty array that claims to be huge"),
        pytest.param(np.zeros(9 << 20), "larger than 64 MiB", id="a large array"),
        pytest.param("x" * (65 << 20), "larger than 64 MiB", id="a long string"),
        pytest.param({torch.ones(1): 1}, "a key, or an element of a set, of type Tensor", id="a tensor as a key"),
        pytest.param(dict.fromkeys(range(20000), 0), "too many keys", id="keys"),
        pytest.param({(k, -k) for k in range(20_000)}, "too many keys", id="elements of a set"),
        pytest.param({frozenset(range(k, k + 99)) for k in range(999)}, "too many keys", id="sets of sets"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_reason(value, why):
    with pytest.raises(WireError, match=why):
        encode(value)


def test_a_view_is_measured_before_it_is_copied():
    started = time.process_time()
    for view in (torch.zeros(1).expand(1 << 34), np.broadcast_to(np.zeros(1, np.float32), (1 << 34,))):
        with pytest.raises(WireError, match="larger than 64 MiB"):
            encode([view])  # 64 GiB if it were copied
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(nested(64, lambda value: [value]), id="depth"),
        pytest.param([0] * wire.MAX_ITEMS, id="elements"),
        pytest.param(2 ** (8 * 1024 - 1) - 1, id="an int"),
        pytest.param(np.zeros((1,) * 32), id="dimensions"),
        pytest.param(np.empty((0, 1 << 40), np.int8), id="what an empty array claims"),
        pytest.param({str(number): number for number in range(100_000)}, id="a vocabulary"),
        pytest.param({(number, -number): number for number in range(5_000)}, id="pairs"),
    ],
)
def test_what_is_within_the_limits_comes_back(value):
    assert identical(decode(encode(value)), value)


def test_a_limit_in_bytes_is_exact():
    frame = encode([b"x" * 100, "y"])
    assert encode([b"x" * 100, "y"], limit_bytes=len(frame)) == frame
    with pytest.raises(WireError, match="larger than"):
        encode([b"x" * 100, "y"], limit_bytes=len(frame) - 1)


def test_other_objects_become_references_where_there_is_somebody_to_keep_them():
    kept = []

    def refer(value):
        kept.append(value)
        return Ref(len(kept), "object", type(value).__name__)

    frame = encode({"f": print, "deep": [(object,)], ("key", len): 1}, refer=refer)
    assert kept == [print, object, len]
    back = decode(frame)
    assert back["f"] == Ref(1, "object", "builtin_function_or_method") and ("key", back["f"]) not in back
    resolved = decode(frame, resolve=lambda ref: kept[ref.id - 1])
    assert resolved == {"f": print, "deep": [(object,)], ("key", len): 1}


# ------------------------------------------------------------------------------------------------ what is not a frame


def head(tag, size):
    return tag + struct.pack("<I", size)


def array_head(tag, dtype, *shape):
    return tag + bytes([len(dtype)]) + dtype + bytes([len(shape)]) + b"".join(struct.pack("<q", side) for side in shape)


ONE = encode(1)
COLLIDING = b"".join(encode(k * (2**61 - 1)) + b"N" for k in range(30_000))


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"?", id="no such tag"),
        pytest.param(ONE + b"N", id="two values"),
        pytest.param(ONE[:-1], id="half a value"),
        pytest.param(head(b"s", 3) + b"ab", id="half a string"),
        pytest.param(head(b"s", 1) + b"\xff", id="a string that is not UTF-8"),
        pytest.param(head(b"l", 2**32 - 1), id="a list longer than the frame"),
        pytest.param(head(b"I", 1025) + bytes(1025), id="a large int"),
        pytest.param(head(b"l", 1) * 70 + b"N", id="nested too deep"),
        pytest.param(head(b"t", 1) * 10_000_000 + b"N", id="nested much too deep"),
        pytest.param(head(b"S", 1) + head(b"t", 1) * 1_000_000 + b"N", id="nested too deep in a set"),
        pytest.param(head(b"l", 2) + (head(b"l", 600_000) + b"N" * 600_000) * 2, id="too many elements together"),
        pytest.param(head(b"d", 2) + (encode("a") + ONE) * 2, id="a key twice"),
        pytest.param(head(b"d", 2) + ONE + ONE + b"T" + ONE, id="1 and True as keys"),
        pytest.param(head(b"d", 2) + encode(2**70) + ONE + encode(float(2**70)) + ONE, id="2**70 and 2.0**70 as keys"),
        pytest.param(head(b"S", 2) + ONE * 2, id="an element twice"),
        pytest.param(head(b"S", 1) + head(b"l", 0), id="a list in a set"),
        pytest.param(head(b"d", 1) + head(b"d", 0) + ONE, id="a dict as a key"),
        pytest.param(head(b"d", 1) + encode(np.ones(2)) + ONE, id="an array as a key"),
        pytest.param(head(b"d", 1) + encode(np.int64(2)) + ONE, id="a NumPy scalar as a key"),
        pytest.param(head(b"d", 1) + encode(torch.ones(2)) + ONE, id="a tensor as a key"),
        pytest.param(head(b"S", 1) + head(b"t", 1) + head(b"l", 0), id="a list in a tuple in a set"),
        pytest.param(head(b"d", 30_000) + COLLIDING, id="keys whose hashes collide"),
        pytest.param(array_head(b"a", b"object", 1) + bytes(8), id="an array of objects"),
        pytest.param(array_head(b"a", b"float65", 1) + bytes(8), id="no such dtype"),
        pytest.param(array_head(b"a", b"bfloat16", 1) + bytes(2), id="a dtype of torch in an array"),
        pytest.param(array_head(b"x", b"uint16", 1) + bytes(2), id="a dtype of NumPy in a tensor"),
        pytest.param(array_head(b"a", b"float64", -1), id="a negative size"),
        pytest.param(array_head(b"a", b"float64", -1, -1) + bytes(8), id="two negative sizes"),
        pytest.param(array_head(b"a", b"float64", 1 << 62), id="2**62 elements"),
        pytest.param(array_head(b"a", b"float64", 1 << 40, 0, 1 << 40), id="an empty array that claims to be huge"),
        pytest.param(array_head(b"a", b"float64", *[1] * 33) + bytes(8), id="33 dimensions"),
        pytest.param(array_head(b"a", b"float64", 2) + bytes(15), id="half an array"),
        pytest.param(array_head(b"n", b"float64", 1) + bytes(8), id="a scalar with dimensions"),
        pytest.param(array_head(b"x", b"float32", 1 << 40) + bytes(4), id="a tensor longer than the frame"),
    ],
)
def test_what_is_not_a_frame_is_refused_at_once(frame):
    started = time.process_time()
    with pytest.raises(WireError):
        decode(frame)
    assert time.process_time() - started < 8  # the keys are compared as far as their price allows; quadratic is hours


def test_a_byte_that_is_neither_0_nor_1_makes_no_third_truth():
    for tag in (b"a", b"x"):
        back = decode(array_head(tag, b"bool", 3) + b"\x00\x01\x80")
        assert back.tolist() == [False, True, True]
        assert bytes(np.asarray(back).view(np.uint8)) == b"\x00\x01\x01"
