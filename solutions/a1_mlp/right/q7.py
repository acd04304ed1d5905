"""Right solutions of question 7 that look different from the reference."""

# %% closures | why: every result carries a function that passes its grad on; the sort is iterative
import math


class Value:
    def __init__(self, data):
        self.data, self.grad = data, 0.0
        self.operands, self.push = [], lambda: None

    @staticmethod
    def lift(x):
        return x if isinstance(x, Value) else Value(x)

    def result(self, data, *pairs):
        out = Value(data)
        out.operands = [operand for operand, _ in pairs]

        def push():
            for operand, slope in pairs:
                operand.grad += out.grad * slope

        out.push = push
        return out

    def __add__(self, other):
        other = Value.lift(other)
        return self.result(self.data + other.data, (self, 1), (other, 1))

    def __mul__(self, other):
        other = Value.lift(other)
        return self.result(self.data * other.data, (self, other.data), (other, self.data))

    def __pow__(self, n):
        return self.result(self.data**n, (self, n * self.data ** (n - 1) if n else 0.0))

    def __neg__(self):
        return -1 * self

    def __sub__(self, other):
        return self + Value.lift(other) * -1

    def __truediv__(self, other):
        return self * Value.lift(other) ** -1

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return self**-1 * other

    def exp(self):
        return self.result(math.e**self.data, (self, math.e**self.data))

    def log(self):
        return self.result(math.log(self.data), (self, self.data**-1))

    def tanh(self):
        e = math.exp(-2 * abs(self.data))
        t = (1 - e) / (1 + e) * (1 if self.data > 0 else -1)
        return self.result(t, (self, 1 - t * t))

    def sigmoid(self):
        return (self.tanh_of_half() + 1) / 2

    def tanh_of_half(self):
        return (self * 0.5).tanh()

    def relu(self):
        return self.result(self.data if self.data > 0 else 0, (self, 1 if self.data > 0 else 0))

    def backward(self):
        order, entered, left = [], {id(self)}, [(self, iter(self.operands))]
        while left:
            node, rest = left[-1]
            following = next((operand for operand in rest if id(operand) not in entered), None)
            if following is None:
                order.append(left.pop()[0])
            else:
                entered.add(id(following))
                left.append((following, iter(following.operands)))
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            node.push()


# %% numbered_nodes | why: nodes carry a serial number and backward goes from high to low over the reachable ones
import math
from itertools import count


class Value:
    _serial = count()

    def __init__(self, data, *edges):
        self.data, self.grad, self.edges, self.serial = float(data), 0.0, edges, next(Value._serial)

    def _pair(self, other):
        return self, other if isinstance(other, Value) else Value(other)

    def __add__(self, other):
        x, y = self._pair(other)
        return Value(x.data + y.data, (x, 1.0), (y, 1.0))

    def __sub__(self, other):
        x, y = self._pair(other)
        return Value(x.data - y.data, (x, 1.0), (y, -1.0))

    def __mul__(self, other):
        x, y = self._pair(other)
        return Value(x.data * y.data, (x, y.data), (y, x.data))

    def __truediv__(self, other):
        x, y = self._pair(other)
        return Value(x.data / y.data, (x, 1.0 / y.data), (y, -x.data / (y.data * y.data)))

    def __pow__(self, n):
        return Value(self.data**n, (self, n * self.data ** (n - 1.0) if n else 0.0))

    def __radd__(self, other):
        return Value(other) + self

    def __rsub__(self, other):
        return Value(other) - self

    def __rmul__(self, other):
        return Value(other) * self

    def __rtruediv__(self, other):
        return Value(other) / self

    def __neg__(self):
        return 0.0 - self

    def exp(self):
        return Value(math.exp(self.data), (self, math.exp(self.data)))

    def log(self):
        return Value(math.log(self.data), (self, 1.0 / self.data))

    def tanh(self):
        return 2.0 * (2.0 * self).sigmoid() - 1.0

    def sigmoid(self):
        a = 0.5 * (1.0 + math.tanh(0.5 * self.data))
        return Value(a, (self, a * (1.0 - a)))

    def relu(self):
        return Value(self.data, (self, 1.0)) if self.data > 0 else Value(0.0, (self, 0.0))

    def backward(self):
        reached, frontier = {self.serial: self}, [self]
        while frontier:
            for operand, _ in frontier.pop().edges:
                if operand.serial not in reached:
                    reached[operand.serial] = operand
                    frontier.append(operand)
        for node in reached.values():
            node.grad = 1.0 if node is self else 0.0
        for serial in sorted(reached, reverse=True):
            node = reached[serial]
            for operand, slope in node.edges:
                operand.grad += slope * node.grad


# %% counting_arrivals | why: Kahn's order: a node passes its grad on once all its users have delivered
class Value(Value):
    def backward(self):
        waiting, frontier = {self: 0}, [self]
        while frontier:
            node = frontier.pop()
            node.grad = 0.0
            for operand in node._parents:
                if operand not in waiting:
                    waiting[operand] = 0
                    frontier.append(operand)
                waiting[operand] += 1
        self.grad, ready = 1.0, [self]
        while ready:
            node = ready.pop()
            for operand, slope in zip(node._parents, node._slopes, strict=True):
                operand.grad += slope * node.grad
                waiting[operand] -= 1
                if not waiting[operand]:
                    ready.append(operand)


# %% numbered_nodes_in_a_heap | why: nodes are numbered as they are made, a heap gives them back latest first; slope 1 of relu at 0
import heapq
import itertools

_number = itertools.count()


class Value:
    __slots__ = ("data", "grad", "parents", "number")

    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents, self.number = data, 0.0, parents, next(_number)

    def _wrap(other):
        return other if isinstance(other, Value) else Value(other)

    def __add__(self, other):
        other = Value._wrap(other)
        return Value(self.data + other.data, [(self, 1), (other, 1)])

    __radd__ = __add__

    def __mul__(self, other):
        other = Value._wrap(other)
        return Value(self.data * other.data, [(self, other.data), (other, self.data)])

    __rmul__ = __mul__

    def __neg__(self):
        return Value(-self.data, [(self, -1)])

    def __sub__(self, other):
        return self + (-Value._wrap(other))

    def __rsub__(self, other):
        return (-self) + other

    def __truediv__(self, other):
        other = Value._wrap(other)
        ratio = self.data / other.data
        return Value(ratio, [(self, 1 / other.data), (other, -ratio / other.data)])

    def __rtruediv__(self, other):
        return Value(other) / self

    def __pow__(self, n):
        slope = 0 if n == 0 else n * self.data ** (n - 1)
        return Value(self.data**n, [(self, slope)])

    def exp(self):
        e = math.exp(self.data)
        return Value(e, [(self, e)])

    def log(self):
        return Value(math.log(self.data), [(self, 1 / self.data)])

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, [(self, (1 - t) * (1 + t))])

    def sigmoid(self):
        s = 0.5 * (1 + math.tanh(self.data / 2))
        return Value(s, [(self, s * (1 - s))])

    def relu(self):
        return Value(max(self.data, 0), [(self, 1 if self.data >= 0 else 0)])

    def backward(self):
        seen, todo = {id(self)}, [self]
        for node in todo:
            node.grad = 0.0
            for parent, _ in node.parents:
                if id(parent) not in seen:
                    seen.add(id(parent))
                    todo.append(parent)
        self.grad = 1.0
        heap = [(-node.number, node) for node in todo]
        heapq.heapify(heap)
        while heap:
            _, node = heapq.heappop(heap)
            for parent, slope in node.parents:
                parent.grad += slope * node.grad
