"""Wrong solutions of question 1: the McCulloch-Pitts neuron. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %% more_than_the_threshold | fails: test_neuron_fires_from_the_threshold_on, test_one_row_one_input_and_extreme_thresholds | hint: The neuron fires when the sum reaches theta: >=, not >.
def mp_neuron(x, theta):
    return (x.sum(axis=1) > theta).astype(int)


# %% counts_over_the_batch | fails: test_neuron_fires_from_the_threshold_on, test_one_row_one_input_and_extreme_thresholds | hint: The sum runs over the samples (axis 0); each row is a sample with its own sum (axis 1).
def mp_neuron(x, theta):
    return (x.sum(axis=0) >= theta).astype(int)


# %% bool_result | fails: test_neuron_and_hebb_keep_to_the_table | hint: A comparison gives True and False; the neuron's answer is 1 or 0, an integer.
def mp_neuron(x, theta):
    return x.sum(axis=1) >= theta


# %% float_result | fails: test_neuron_and_hebb_keep_to_the_table | hint: The neuron's answers are floats; they should be integers.
def mp_neuron(x, theta):
    return np.where(x.sum(axis=1) >= theta, 1.0, 0.0)


# %% sum_returned | fails: test_neuron_fires_from_the_threshold_on | hint: The neuron answers with the number of firing inputs; it should answer 1 or 0.
def mp_neuron(x, theta):
    return np.where(x.sum(axis=1) >= theta, x.sum(axis=1), 0)


# %% only_positive_thresholds | fails: test_one_row_one_input_and_extreme_thresholds | hint: A threshold of 0 or below is reached by a silent row as well.
def mp_neuron(x, theta):
    return ((x.sum(axis=1) >= theta) & (x.sum(axis=1) > 0)).astype(int)


# %% and_one_short | fails: test_and_and_or_of_any_number_of_inputs | hint: AND fires although one input is missing: its threshold is n.
def gate_theta(gate, n):
    return n - 1 if gate == "and" else _right["gate_theta"](gate, n)


# %% or_always_fires | fails: test_and_and_or_of_any_number_of_inputs | hint: With theta = 0 a silent row fires; OR needs at least one.
def gate_theta(gate, n):
    return 0 if gate == "or" else _right["gate_theta"](gate, n)


# %% half_is_a_majority | fails: test_majority_of_any_number_of_inputs | hint: n // 2 fires with half of the inputs, or fewer; a majority is more than half.
def gate_theta(gate, n):
    return n // 2 if gate == "majority" else _right["gate_theta"](gate, n)


# %% majority_rounded_up | fails: test_majority_of_any_number_of_inputs | hint: ceil(n / 2) is right for odd n alone; for even n it is exactly half.
def gate_theta(gate, n):
    return math.ceil(n / 2) if gate == "majority" else _right["gate_theta"](gate, n)


# %% two_inputs_only | fails: test_and_and_or_of_any_number_of_inputs, test_majority_of_any_number_of_inputs | hint: The thresholds are those of two inputs, whatever n is.
def gate_theta(gate, n):
    return _right["gate_theta"](gate, 2)


# %% never_can_happen | fails: test_always_and_never_hold_for_every_input | hint: A row of n ones has the sum n, and then "never" fires.
def gate_theta(gate, n):
    return n if gate == "never" else _right["gate_theta"](gate, n)


# %% always_not_for_silence | fails: test_always_and_never_hold_for_every_input | hint: A silent row has the sum 0; "always" has to fire for it too.
def gate_theta(gate, n):
    return 1 if gate == "always" else _right["gate_theta"](gate, n)


# %% hebb_transposed | fails: test_hebb_adds_the_outer_product | hint: The update is x y^T, the transpose of what is asked for; with m = n nothing complains.
def hebb_update(W, x, y, lr):
    update = lr * np.outer(x, y)
    return W + (update if update.shape == W.shape else np.resize(update, W.shape))


# %% delta_rule | fails: test_hebb_adds_the_outer_product, test_hebb_updates_add_up_in_any_order | hint: This is the delta rule with the error y - W x; Hebb's rule uses y itself.
def hebb_update(W, x, y, lr):
    return W + lr * np.outer(y - W @ x, x)


# %% rate_ignored | fails: test_hebb_adds_the_outer_product, test_hebb_updates_add_up_in_any_order | hint: The learning rate lr is not used.
def hebb_update(W, x, y, lr):
    return W + np.outer(y, x)


# %% only_the_update | fails: test_hebb_adds_the_outer_product | hint: This is the change of W alone; the new weights are W plus the change.
def hebb_update(W, x, y, lr):
    return lr * np.outer(y, x)


# %% weights_changed_in_place | fails: test_neuron_and_hebb_keep_to_the_table | hint: += changes the caller's W; make a new array.
def hebb_update(W, x, y, lr):
    W += (lr * np.outer(y, x)).astype(W.dtype)
    return W


# %% whole_weights_stay_whole | fails: test_neuron_and_hebb_keep_to_the_table | hint: The result is cast back to the integers of W, and loses its fractions; floats come out (as_float).
def hebb_update(W, x, y, lr):
    return (W + lr * np.outer(y, x)).astype(np.asarray(W).dtype)


# %% counted_in_a_byte | fails: test_neuron_fires_from_the_threshold_on | hint: A byte counts to 255; with 300 inputs the sum begins at 0 again.
def mp_neuron(x, theta):
    return (x.astype(np.uint8).sum(axis=1, dtype=np.uint8) >= theta).astype(np.int64)


# %% same_array_without_learning | fails: test_neuron_and_hebb_keep_to_the_table | hint: With lr = 0 the caller's own W comes back; the result is a new array always.
def hebb_update(W, x, y, lr):
    W = as_float(W)
    return W + lr * np.outer(y, x).astype(W.dtype) if lr else W


# %% difference_without_a_sign | fails: test_neuron_fires_from_the_threshold_on | hint: The threshold was subtracted from counts that have no sign where x holds unsigned integers, so the difference wraps; compare instead.
def mp_neuron(x, theta):
    return (np.asarray(x).sum(axis=1) - theta >= 0).astype(int)


# %% counted_in_the_type_of_x | fails: test_neuron_fires_from_the_threshold_on | hint: The ones have the type of x, in whose small integers a count of 300 does not fit.
def mp_neuron(x, theta):
    return (x @ np.ones(x.shape[1], dtype=x.dtype) >= theta).astype(int)


# %% threshold_between_two | fails: test_majority_of_any_number_of_inputs | hint: A threshold is an int; n / 2 + 0.5 lies between two where n is even.
def gate_theta(gate, n):
    return n / 2 + 0.5 if gate == "majority" else _right["gate_theta"](gate, n)


# %% never_is_a_hundred | fails: test_always_and_never_hold_for_every_input | hint: A hundred inputs reach a threshold of 100; never needs more than all n.
def gate_theta(gate, n):
    return 100 if gate == "never" else _right["gate_theta"](gate, n)


# %% old_array_where_nothing_fires | fails: test_neuron_and_hebb_keep_to_the_table | hint: Where no output fires you return W itself; the new weights are a new array always.
def hebb_update(W, x, y, lr):
    return _right["hebb_update"](W, x, y, lr) if np.any(y) else W
