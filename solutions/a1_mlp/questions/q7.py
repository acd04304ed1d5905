# %% [raw]
# # BEGIN QUESTION
# name: q7
# points: 0

# %% [markdown]
# ## q7. Scalar autograd (10 points)
#
# Backpropagation is the chain rule with book-keeping. While an expression is computed, every intermediate number
# remembers the numbers it came from; these memories form a graph. Afterwards one walk through the graph, from the
# result back to the inputs, finds the derivative of the result with respect to *every* number in it. In one walk:
# that is why networks with millions of weights can be trained. Here you build this engine for single numbers, in
# plain Python (no numpy).
#
# If $u$ goes into $v_1, v_2, \dots$ then, by the chain rule, with $f$ the end result,
#
# $$\frac{\partial f}{\partial u} = \sum_k \frac{\partial f}{\partial v_k} \, \frac{\partial v_k}{\partial u}$$
#
# so a node may pass its gradient on only when it has received *all* of its own.
#
# | member | meaning |
# |---|---|
# | `Value(data)` | a node; attributes `data` (the number, as it was given or as a float) and `grad` (0.0 at first) |
# | `+ - * / **`, unary `-` | a new `Value`; the other operand is a `Value` or a number, on either side; the exponent is a number |
# | `.exp() .log() .tanh() .sigmoid() .relu()` | a new `Value` |
# | `.backward()` | sets `grad` of every node of the graph to 0, then `node.grad` = d self / d node for all of them, 1 for self; other nodes are free |
#
# **On paper.** $a = 2$, $b = 3$, $u = ab + a = 8$, $f = u^2 / 4 = 16$. Then $\partial f / \partial u = u/2 = 4$,
# $\partial f / \partial b = 4a = 8$, and $a$, which is used twice, gets $4(b + 1) = 16$.
#
# **What usually goes wrong**
# - In `x * x` both operands are the same node. Does it get both contributions? If you keep the operands in a
#   `set`, how many are there?
# - Repeat `r = r + r` 60 times: 61 nodes, but $2^{60}$ paths from the last to the first. Does your walk visit nodes or
#   paths?
# - Python allows about 1000 nested calls. What becomes of a sum with 20 000 terms? (What is a stack, if not
#   recursion?)
# - Call `backward()` twice. Are the gradients the same? What about `backward()` of another result that shares
#   leaves?
# - `2 - x` is not `x - 2`, and `2 / x` is not `x / 2`. Which methods does Python call for these?
# - What is the slope of `x ** 0` at `x = 0`? What does $n\,x^{n-1}$ divide by there? (For relu at 0, 0 and 1 are both right.)
# - Is `(-3) ** 2` possible with $e^{n \ln x}$? Is $\sigma(-1000)$ possible with `math.exp(1000)`?
# - Two different nodes may hold equal numbers. Are they the same node to you?
#
# *Read:* Prince §7.1 to §7.4; Goodfellow §6.5; Bishop §5.3. Papers: Rumelhart, Hinton and Williams 1986; Baydin
# et al. 2018 (survey). The idea of this exercise is that of A. Karpathy's micrograd.

# %% [raw]
# # BEGIN SOLUTION

# %%
# q7


class Value:
    """A number that remembers how it was computed. Plain Python, no arrays.

    data: the number;  grad: d (root) / d (this node) after root.backward(), 0.0 before
    """

    # BEGIN SOLUTION NO PROMPT
    def __init__(self, data: float, parents: tuple = (), slopes: tuple = ()):
        self.data = float(data)
        self.grad = 0.0
        self._parents = parents  # the nodes this one was computed from
        self._slopes = slopes  # d self / d parent, one for each parent

    def __repr__(self) -> str:
        return f"Value(data={self.data:.6g}, grad={self.grad:.6g})"

    @staticmethod
    def of(x: "Value | float") -> "Value":
        return x if isinstance(x, Value) else Value(x)

    def __add__(self, other: "Value | float") -> "Value":
        other = Value.of(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: "Value | float") -> "Value":
        other = Value.of(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __truediv__(self, other: "Value | float") -> "Value":
        other = Value.of(other)
        out = self.data / other.data
        return Value(out, (self, other), (1 / other.data, -out / other.data))

    def __pow__(self, n: float) -> "Value":
        slope = n * self.data ** (n - 1) if n != 0 else 0.0
        return Value(self.data**n, (self,), (slope,))

    def __neg__(self) -> "Value":
        return self * -1

    def __sub__(self, other: "Value | float") -> "Value":
        return self + -Value.of(other)

    def __radd__(self, other: float) -> "Value":
        return self + other

    def __rmul__(self, other: float) -> "Value":
        return self * other

    def __rsub__(self, other: float) -> "Value":
        return Value.of(other) - self

    def __rtruediv__(self, other: float) -> "Value":
        return Value.of(other) / self

    def exp(self) -> "Value":
        out = math.exp(self.data)
        return Value(out, (self,), (out,))

    def log(self) -> "Value":
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def tanh(self) -> "Value":
        out = math.tanh(self.data)
        return Value(out, (self,), (1 - out**2,))

    def sigmoid(self) -> "Value":
        e = math.exp(-abs(self.data))
        out = (1 if self.data >= 0 else e) / (1 + e)
        return Value(out, (self,), (out * (1 - out),))

    def relu(self) -> "Value":
        return Value(max(self.data, 0.0), (self,), (1.0 if self.data > 0 else 0.0,))

    def backward(self) -> None:
        order = self._parents_first()
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):  # a node's grad is complete before it is passed on
            for parent, slope in zip(node._parents, node._slopes, strict=True):
                parent.grad += slope * node.grad

    def _parents_first(self) -> list["Value"]:
        """Every node of the graph once, each after all nodes it was computed from."""
        order, seen, stack = [], set(), [(self, False)]
        while stack:  # a stack of our own: a chain of 20 000 nodes would exhaust Python's
            node, parents_done = stack.pop()
            if parents_done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((parent, False) for parent in node._parents)
        return order

    # END SOLUTION
    """ # BEGIN PROMPT
    def __init__(self, data: float):
        raise NotImplementedError("q7: Value is not implemented yet")

    # your operators: + - * / ** and unary -, with a Value or a number on either side
    # your functions: exp, log, tanh, sigmoid, relu

    def backward(self) -> None:
        raise NotImplementedError("q7: Value.backward is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_shared_node(Value):
    """u = ab + a, f = u^2 / 4: every gradient, with a used twice"""
    a, b = Value(2.0), Value(3.0)
    u = a * b + a
    f = u**2 / 4
    assert near(f.data, 16), f"f = 8^2 / 4 = 16, yours is {f.data}"
    f.backward()
    for name, node, by_hand in (("f", f, 1), ("u", u, 4), ("b", b, 8), ("a", a, 16)):
        assert near(node.grad, by_hand), f"df/d{name} = {by_hand}, yours is {node.grad}"


# %%
def test_backward_twice(Value):
    """backward() a second time gives the same gradients"""
    x = Value(3.0)
    y = x * x
    y.backward()
    y.backward()
    assert near(x.grad, 6), f"d(x*x)/dx = 6 at x = 3, after the second backward() yours is {x.grad}"


# %%
def test_numbers_on_either_side(Value):
    """numbers and Values mix, on either side"""
    x = Value(4.0)
    cases = {"2 - x": (2 - x, -2), "x - 2": (x - 2, 2), "2 / x": (2 / x, 0.5), "x / 2": (x / 2, 2), "-x": (-x, -4)}
    cases |= {"3 + x": (3 + x, 7), "3 * x": (3 * x, 12), "x ** -1": (x**-1, 0.25), "x ** 0.5": (x**0.5, 2)}
    for text, (node, by_hand) in cases.items():
        assert isinstance(node, Value), f"{text} should be a Value, yours is a {type(node).__name__}"
        assert near(node.data, by_hand), f"{text} = {by_hand} at x = 4, yours is {node.data}"


# %%
def test_functions(Value):
    """value and slope of exp, log, tanh, sigmoid and relu"""
    by_hand = {  # function: (x, value, slope)
        "exp": (0.0, 1.0, 1.0),
        "log": (2.0, 0.693147, 0.5),
        "tanh": (0.0, 0.0, 1.0),
        "sigmoid": (0.0, 0.5, 0.25),
        "relu": (-3.0, 0.0, 0.0),
    }
    for name, (at, value, slope) in by_hand.items():
        x = Value(at)
        y = getattr(x, name)()
        y.backward()
        assert near(y.data, value), f"{name}({at}) = {value}, yours is {y.data}"
        assert near(x.grad, slope), f"the slope of {name} at {at} is {slope}, yours is {x.grad}"


# %%
def test_long_sum(Value):
    """a sum of 5000 terms neither recurses too deeply nor takes long"""
    x = Value(1.0)
    total = x
    for _ in range(4999):
        total = total + x
    total.backward()
    assert near(x.grad, 5000), f"x + x + ... (5000 times) has the slope 5000, yours is {x.grad}"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
# experiment: your engine learns XOR, one number at a time


@experiment
def learn_xor():
    import matplotlib.pyplot as plt

    rng, hidden = np.random.default_rng(3), 4
    corners = [((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0)]
    W1 = [[Value(rng.normal()) for _ in range(2)] for _ in range(hidden)]
    b1, W2, b2 = [Value(0.0) for _ in range(hidden)], [Value(rng.normal()) for _ in range(hidden)], Value(0.0)

    def probability(x):
        h = [(w[0] * x[0] + w[1] * x[1] + b).tanh() for w, b in zip(W1, b1, strict=True)]
        return (sum((w * a for w, a in zip(W2, h, strict=True)), b2)).sigmoid()

    weights, losses = [w for row in W1 for w in row] + b1 + W2 + [b2], []
    for _ in range(150):
        loss = sum(-(probability(x) if y else 1 - probability(x)).log() for x, y in corners) / 4
        loss.backward()
        losses.append(loss.data)
        for w in weights:
            w.data -= 1.0 * w.grad
    grid = np.linspace(-0.3, 1.3, 25)
    picture = [[probability((u, v)).data for u in grid] for v in grid]
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    left.plot(losses)
    left.set(xlabel="step", ylabel="loss", title=f"{len(weights)} weights, gradient descent")
    shown = right.contourf(grid, grid, picture, levels=np.linspace(0, 1, 11), cmap="RdBu_r")
    for (u, v), y in corners:
        right.plot(u, v, "^" if y else "o", color="black")
    right.set(title="probability of class 1 (triangles)", xlabel="x1", ylabel="x2")
    fig.colorbar(shown)
    fig.tight_layout()
    plt.show()
