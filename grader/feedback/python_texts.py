"""The texts that Python, NumPy and torch give their exceptions, as patterns: what a student may read of an exception.

An exception's own words may be made of hidden inputs, so they are shown only as far as they are one of these. Numbers
are masked (#) before; a name is shown if it stands in the student's notebook or is one of TYPES.
"""

from __future__ import annotations

import re
from collections.abc import Callable

TYPES = frozenset(
    "NoneType bool int float complex str bytes list tuple dict set frozenset range slice function method type module "
    "generator zip map filter enumerate object ellipsis dict_keys dict_values dict_items builtin_function_or_method "
    "ndarray matrix Generator dtype Tensor Parameter Sequential Linear Module numpy np torch random math nan inf "
    "add subtract multiply divide true_divide matmul power maximum minimum exp log sqrt square "
    "float# int# uint# complex# bool_ bfloat# Float Double Half Long Int Bool Byte x y a b args kwargs axis dim shape "
    "__init__ __call__ __add__ __mul__ forward backward append copy sum mean reshape astype item numpy detach".split()
)
NAMES = ("name", "other", "third", "fourth")

_SHAPE = r"\((?:#,?(?: #,?){0,5})?\)"
_LIST = r"\[(?:#,?(?: #,?){0,5})?\]"
_NAME = r"[A-Za-z_#][\w#]{0,60}"
_OPERATOR = r"(?:[-+*/%@&|^<>=!~]{1,3}|\*\* or pow\(\)|in|not in)"

_FORMS = """
name '{name}' is not defined
cannot access local variable '{name}' where it is not associated with a value
local variable '{name}' referenced before assignment
cannot access free variable '{name}' where it is not associated with a value in enclosing scope
(?:{name}\\.)?{other}\\(\\) missing # required (?:positional|keyword-only) arguments?: '{third}'(?:,? and '{fourth}')?
(?:{name}\\.)?{other}\\(\\) takes (?:from # to )?# positional arguments? but # (?:was|were) given
(?:{name}\\.)?{other}\\(\\) takes no arguments
(?:{name}\\.)?{other}\\(\\) got an unexpected keyword argument '{third}'
(?:{name}\\.)?{other}\\(\\) got multiple values for argument '{third}'
unsupported operand type\\(s\\) for OPERATOR=?: '{name}' and '{other}'
bad operand type for unary [-+~]: '{name}'
bad operand type for abs\\(\\): '{name}'
'OPERATOR' not supported between instances of '{name}' and '{other}'
'{name}' object is not (?:callable|iterable|subscriptable|reversible|an iterator)
'{name}' object does not support item (?:assignment|deletion)
'{name}' object cannot be interpreted as an integer
'(?:numpy\\.|torch\\.)?{name}' object has no attribute '{other}'
type object '{name}' has no attribute '{other}'
module '{name}' has no attribute '{other}'
cannot import name '{name}' from '{other}'
No module named '{name}'
{name}(?:\\.{other})?(?:\\.{third})? is not there when graded
'{name}(?:\\.{other})?(?:\\.{third})?' is not available: this assignment is to be solved without it
can't multiply sequence by non-int of type '{name}'
cannot unpack non-iterable {name} object
object of type '{name}' has no len\\(\\)
unhashable type: '{name}'
(?:list|tuple|string) indices must be integers or slices, not {name}
(?:float|int)\\(\\) argument must be a string(?:, a bytes-like object)? or a real number, not '{name}'
can only concatenate (?:list|tuple|str) \\(not "{name}"\\) to (?:list|tuple|str)
loop of ufunc does not support argument # of type {name} which has no callable {other} method
ufunc '{name}' not supported for the input types
Cannot cast ufunc '{name}' output from dtype\\('{other}'\\) to dtype\\('{third}'\\) with casting rule 'same_kind'
'{name}'$
(?:list|tuple|string|deque) index out of range
list assignment index out of range
pop from empty (?:list|set)
pop from an empty (?:deque|set)
index # is out of bounds for axis # with size #
index # is out of bounds for dimension # with size #
too many indices for array: array is #-dimensional, but # were indexed
only integers, slices \\(`:`\\), ellipsis \\(`\\.\\.\\.`\\), numpy.newaxis \\(`None`\\) and integer or boolean arrays
arrays used as indices must be of integer \\(or boolean\\) type
shape mismatch: indexing arrays could not be broadcast together with shapes SHAPE(?: SHAPE)?
boolean index did not match indexed array along axis #
operands could not be broadcast together with (?:remapped )?shapes SHAPE(?: SHAPE)*
non-broadcastable output operand with shape SHAPE doesn't match the broadcast shape SHAPE
could not broadcast input array from shape SHAPE into shape SHAPE
shapes SHAPE and SHAPE not aligned: # \\(dim #\\) != # \\(dim #\\)
matmul: Input operand # (?:has a mismatch in its core dimension #|does not have enough dimensions)
cannot reshape array of size # into shape SHAPE
cannot select an axis to squeeze out which has size not equal to one
axes don't match array
axis # is out of bounds for array of dimension #
all the input arrays? (?:array )?(?:must have same number of dimensions|dimensions except for the concatenation axis)
all input arrays must have the same shape
need at least one array to (?:concatenate|stack)
setting an array element with a sequence
The truth value of an array with more than one element is ambiguous
argument of type '{name}' is not iterable
invalid literal for int\\(\\) with base #
could not convert string to float
Last # dimensions of the array must be square
Singular matrix
Cannot take a larger sample than population when replace is False
Tensors must have same number of dimensions
only (?:integer|length-#|#-dimensional) (?:scalar )?arrays can be converted to (?:a scalar index|Python scalars)
zero-size array to reduction operation {name} which has no identity
too many values to unpack \\(expected #\\)
not enough values to unpack \\(expected (?:at least )?#,? got #\\)
(?:min|max)\\(\\) (?:arg is an empty sequence|iterable argument is empty)
(?:float |integer |complex )?(?:division|modulo)(?: or modulo)? by zero
(?:overflow|underflow|invalid value|divide by zero) encountered in {name}
math (?:range|domain) error
maximum recursion depth exceeded
dictionary changed size during iteration
Unable to allocate # [KMGTP]iB for an array with shape SHAPE and data type {name}
DefaultCPUAllocator: can't allocate memory
CUDA out of memory
assignment destination is read-only
input\\(\\) has nobody to ask when the notebook is graded
it did not end within # s; a cell that begins with '# experiment' is not run
mat# and mat# shapes cannot be multiplied \\(#x# and #x#\\)
mat# and mat# must have the same dtype
The size of tensor a \\(#\\) must match the size of tensor b \\(#\\) at non-singleton dimension #
shape 'LIST' is invalid for input of size #
Dimension out of range \\(expected to be in range of LIST, but got #\\)
Expected all tensors to be on the same device
element # of tensors does not require grad and does not have a grad_fn
a leaf Variable that requires grad is being used in an in-place operation
grad can be implicitly created only for scalar outputs
Trying to backward through the graph a second time
one of the variables needed for gradient computation has been modified by an inplace operation
Can't call numpy\\(\\) on Tensor that requires grad
expected scalar type {name} but found {other}
expected m# and m# to have the same dtype
""".strip().splitlines()


def _compiled(form: str) -> re.Pattern[str]:
    for word, pattern in (("SHAPE", _SHAPE), ("LIST", _LIST), ("OPERATOR", _OPERATOR)):
        form = form.replace(word, pattern)
    for name in NAMES:
        form = form.replace(f"{{{name}}}", f"(?P<{name}>{_NAME})")
    return re.compile(form)


_TEXTS = tuple(map(_compiled, _FORMS))
_NUMBER = re.compile(r"[-+]?\d[\d.,_]*(?:[eE][-+]?\d+)?")


def masked(text: str) -> str:
    """The text without its numbers; what was masked before stays as it is."""
    return _NUMBER.sub("#", text)


def known_part(text: str, is_own: Callable[[str], bool]) -> str:
    """As much of an exception's text as one of the patterns matches from its beginning; "" if none does.

    is_own: whether a name, masked, stands in the student's notebook
    """
    line = masked(" ".join(text.split()))
    for pattern in _TEXTS:
        found = pattern.match(line)
        if found and all(name in TYPES or is_own(name) for name in found.groupdict().values() if name):
            return found[0]
    return ""
