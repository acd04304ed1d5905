"""Wrong solutions of question 7: scalar autograd. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line

# %%
import math


class Right:
    """A right Value in parts that the mutants replace. `inputs` holds (node, slope), one pair for each operand."""

    def __init__(self, data, inputs=()):
        self.data, self.grad, self.inputs = float(data), 0.0, inputs

    def of(self, other):
        return other if isinstance(other, Right) else type(self)(other)

    def node(self, data, *inputs):
        return type(self)(data, inputs)

    def __add__(self, other):
        other = self.of(other)
        return self.node(self.data + other.data, (self, 1.0), (other, 1.0))

    def __sub__(self, other):
        other = self.of(other)
        return self.node(self.data - other.data, (self, 1.0), (other, -1.0))

    def __mul__(self, other):
        other = self.of(other)
        return self.node(self.data * other.data, (self, other.data), (other, self.data))

    def __truediv__(self, other):
        other = self.of(other)
        return self.node(
            self.data / other.data, (self, 1 / other.data), (other, -(self.data / other.data) / other.data)
        )

    def __pow__(self, n):
        return self.node(self.data**n, (self, n * self.data ** (n - 1) if n else 0.0))

    def __neg__(self):
        return self.node(-self.data, (self, -1.0))

    def __radd__(self, other):
        return self.of(other) + self

    def __rsub__(self, other):
        return self.of(other) - self

    def __rmul__(self, other):
        return self.of(other) * self

    def __rtruediv__(self, other):
        return self.of(other) / self

    def exp(self):
        return self.node(math.exp(self.data), (self, math.exp(self.data)))

    def log(self):
        return self.node(math.log(self.data), (self, 1 / self.data))

    def tanh(self):
        return self.node(math.tanh(self.data), (self, 1 - math.tanh(self.data) ** 2))

    def sigmoid(self):
        e = math.exp(-abs(self.data))
        out = (1 if self.data >= 0 else e) / (1 + e)
        return self.node(out, (self, out * (1 - out)))

    def relu(self):
        return self.node(max(self.data, 0.0), (self, float(self.data > 0)))

    def order(self):
        """Every node of the graph once, each after its operands."""
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((operand, False) for operand, _ in node.inputs)
        return order

    def clear(self):
        for node in self.order():
            node.grad = 0.0

    def spread(self, nodes):
        for node in nodes:
            for operand, slope in node.inputs:
                operand.grad += slope * node.grad

    def backward(self):
        self.clear()
        self.grad = 1.0
        self.spread(reversed(self.order()))


# %% assigned_not_added | fails: test_a_value_used_twice_counts_twice, test_random_graphs_match_an_independent_tape | hint: grad = ... forgets what arrived before; a node used twice needs +=.
class Value(Right):
    def spread(self, nodes):
        for node in nodes:
            for operand, slope in node.inputs:
                operand.grad = slope * node.grad


# %% depth_first_without_order | fails: test_random_graphs_match_an_independent_tape | hint: The grad was passed on before all of it had arrived, and then again: sort the nodes first.
class Value(Right):
    def backward(self):
        self.clear()
        self.grad = 1.0
        stack = [self]
        while stack:
            node = stack.pop()
            for operand, slope in node.inputs:
                operand.grad += slope * node.grad
                stack.append(operand)


# %% every_path_on_its_own | fails: test_a_ladder_of_diamonds_is_not_walked_path_by_path | hint: Each path is walked separately: right, but the number of paths doubles with every shared node.
class Value(Right):
    def backward(self):
        self.clear()
        stack = [(self, 1.0)]
        while stack:
            node, arriving = stack.pop()
            node.grad += arriving
            stack.extend((operand, slope * arriving) for operand, slope in node.inputs)


# %% order_from_the_leaves | fails: test_random_graphs_match_an_independent_tape | hint: The nodes are in topological order, but backward has to go from the root to the leaves.
class Value(Right):
    def backward(self):
        self.clear()
        self.grad = 1.0
        self.spread(self.order())


# %% recursive_sort | fails: test_a_chain_of_twenty_thousand_additions_needs_no_recursion | hint: The recursive sort is right but exhausts Python's stack on a long chain; keep a list as a stack.
class Value(Right):
    def order(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for operand, _ in node.inputs:
                    visit(operand)
                order.append(node)

        visit(self)
        return order


# %% grads_never_cleared | fails: test_every_backward_starts_afresh | hint: A second backward adds to the grads of the first: set them to 0 at the start.
class Value(Right):
    def clear(self):
        pass


# %% only_leaves_cleared | fails: test_every_backward_starts_afresh | hint: The nodes in between keep the grads of the last backward and pass them on again: clear them too.
class Value(Right):
    def clear(self):
        for node in self.order():
            if not node.inputs:
                node.grad = 0.0


# %% root_starts_at_zero | fails: test_arithmetic_has_the_right_values_and_slopes | hint: d self / d self is 1: without it every grad is 0.
class Value(Right):
    def backward(self):
        self.clear()
        self.spread(reversed(self.order()))


# %% operands_in_a_set | fails: test_a_value_used_twice_counts_twice | hint: A set (or dict) of operands holds x only once, but x * x has it as both operands.
class Value(Right):
    def __init__(self, data, inputs=()):
        super().__init__(data, tuple(dict(inputs).items()))


# %% nodes_compared_by_value | fails: test_a_value_used_twice_counts_twice | hint: Two nodes with equal data were taken for one: compare nodes by identity.
class Value(Right):
    def order(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node.data not in seen:
                seen.add(node.data)
                stack.append((node, True))
                stack.extend((operand, False) for operand, _ in node.inputs)
        return order


# %% number_minus_value_swapped | fails: test_values_and_numbers_mix_and_operands_keep_their_data, test_arithmetic_has_the_right_values_and_slopes | hint: 2 - x calls x.__rsub__(2): there self is the right operand.
class Value(Right):
    def __rsub__(self, other):
        return self - other


# %% number_over_value_swapped | fails: test_values_and_numbers_mix_and_operands_keep_their_data, test_arithmetic_has_the_right_values_and_slopes | hint: 2 / x calls x.__rtruediv__(2): there self is the denominator.
class Value(Right):
    def __rtruediv__(self, other):
        return self / other


# %% denominator_slope_sign | fails: test_arithmetic_has_the_right_values_and_slopes | hint: A larger denominator makes a quotient smaller: d(a/b)/db = -a / b^2.
class Value(Right):
    def __truediv__(self, other):
        other = self.of(other)
        return self.node(self.data / other.data, (self, 1 / other.data), (other, self.data / other.data**2))


# %% power_keeps_its_exponent | fails: test_arithmetic_has_the_right_values_and_slopes | hint: The slope of x^n is n x^(n-1): the exponent goes down by one.
class Value(Right):
    def __pow__(self, n):
        return self.node(self.data**n, (self, n * self.data**n))


# %% power_through_the_logarithm | fails: test_arithmetic_has_the_right_values_and_slopes | hint: exp(n log x) has no value for x < 0, but (-3) ** 2 does.
class Value(Right):
    def __pow__(self, n):
        return (self.log() * n).exp()


# %% log_slope_of_the_output | fails: test_functions_have_the_right_values_and_slopes | hint: The slope of log is 1 / input, not 1 / output.
class Value(Right):
    def log(self):
        out = math.log(self.data)
        return self.node(out, (self, 1 / out if out else 0.0))


# %% tanh_slope_of_the_input | fails: test_functions_have_the_right_values_and_slopes | hint: The slope of tanh is 1 - output^2, not 1 - input^2.
class Value(Right):
    def tanh(self):
        return self.node(math.tanh(self.data), (self, 1 - self.data**2))


# %% sigmoid_slope_of_the_input | fails: test_functions_have_the_right_values_and_slopes | hint: The slope of sigmoid is a (1 - a) with the output a, not with the input.
class Value(Right):
    def sigmoid(self):
        return self.node(1 / (1 + math.exp(-self.data)), (self, self.data * (1 - self.data)))


# %% relu_slope_always_one | fails: test_functions_have_the_right_values_and_slopes | hint: Where relu is 0 it is flat: no gradient passes for negative inputs.
class Value(Right):
    def relu(self):
        return self.node(max(self.data, 0.0), (self, 1.0))


# %% exp_slope_times_the_input | fails: test_functions_have_the_right_values_and_slopes | hint: exp is its own slope: the output alone, not input * output.
class Value(Right):
    def exp(self):
        out = math.exp(self.data)
        return self.node(out, (self, self.data * out))


# %% numbers_not_wrapped | fails: test_values_and_numbers_mix_and_operands_keep_their_data | hint: A plain number has no .data: turn it into a Value first.
class Value(Right):
    def of(self, other):
        return other


# %% minus_forgotten_in_the_slope | fails: test_arithmetic_has_the_right_values_and_slopes, test_functions_have_the_right_values_and_slopes | hint: -x falls when x rises: its slope is -1.
class Value(Right):
    def __neg__(self):
        return self.node(-self.data, (self, 1.0))


# %% no_unary_minus | fails: test_functions_have_the_right_values_and_slopes | hint: -x needs __neg__; without it Python does not know what -x is.
class Value(Right):
    __neg__ = None


# %% sum_written_into_the_operand | fails: test_values_and_numbers_mix_and_operands_keep_their_data | hint: x + y must make a new node; here it changes x.
class Value(Right):
    def __add__(self, other):
        other = self.of(other)
        self.data += other.data
        return self.node(self.data, (self, 1.0), (other, 1.0))


# %% visited_marks_stay | fails: test_every_backward_starts_afresh | hint: The nodes keep their visited marks, so the next backward skips them.
class Value(Right):
    seen = False

    def backward(self):
        order, stack = [], [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif not node.seen:
                node.seen, node.grad = True, 0.0
                stack.append((node, True))
                stack.extend((operand, False) for operand, _ in node.inputs)
        self.grad = 1.0
        self.spread(reversed(order))


# %% sigmoid_overflows | fails: test_far_from_zero_the_curves_are_flat | hint: 1 / (1 + exp(-x)) raises OverflowError for x = -1000.
class Value(Value):
    def sigmoid(self):
        s = 1 / (1 + math.exp(-self.data))
        return Value(s, (self,), (s * (1 - s),))


# %% power_zero_at_zero | fails: test_powers_at_zero | hint: n x^(n-1) divides by 0 for x ** 0 at x = 0, where the slope is 0.
class Value(Right):
    def __pow__(self, n):
        return self.node(self.data**n, (self, n * self.data ** (n - 1)))


# %% edges_of_slope_zero | fails: test_every_backward_starts_afresh | hint: The walk stops at edges of slope 0 (a dead relu, x * 0), so the grads behind them are those of the call before: set them to 0 too.
class Value(Right):
    def order(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((operand, False) for operand, slope in node.inputs if slope != 0)
        return order


# %% grads_of_zero_not_passed_on | fails: test_every_backward_starts_afresh | hint: A node whose grad is 0 sets nothing below it to 0, so old grads stay there: clear the whole graph first.
class Value(Right):
    def backward(self):
        self.grad = 1.0
        fresh = {self}
        for node in reversed(self.order()):
            if node.grad:
                for operand, slope in node.inputs:
                    operand.grad = slope * node.grad + (operand.grad if operand in fresh else 0.0)
                    fresh.add(operand)


# %% leaf_left_out | fails: test_every_backward_starts_afresh | hint: A leaf is a graph of one node: after x.backward() x.grad is 1.
class Value(Right):
    def backward(self):
        if self.inputs:
            super().backward()
        else:
            self.grad = 0.0


# %% plus_equals_in_place | fails: test_values_and_numbers_mix_and_operands_keep_their_data | hint: total += x has to make another Value, too: whoever holds the old total still needs it. Leave __iadd__ away.
class Value(_right["Value"]):
    def __iadd__(self, other):
        self.data += other.data if isinstance(other, Value) else other
        return self
