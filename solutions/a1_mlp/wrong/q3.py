"""Wrong solutions of question 3: networks of step units. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _towers(f, a, b, K, place=0.5, bins=None, fall=1.0):
    """A right tower_network with parts that the mutants replace."""
    edges = np.linspace(a, b, K + 1)
    heights = np.array([float(f(left + place * (b - a) / K)) for left in edges[:-1]])
    return {
        "W1": np.ones((2 * K, 1)),
        "b1": -np.concatenate([edges[:-1], edges[1:]]),
        "w2": np.concatenate([heights, -fall * heights]),
    }


# %% least_significant_bit_first | fails: test_networks_of_random_tables, test_networks_of_extreme_tables | hint: The bits are in the wrong order: x1 is the most significant bit of the row's number.
def boolean_network(table):
    net = _right["boolean_network"](table)
    return {**net, "W1": net["W1"][:, ::-1].copy()}


# %% patterns_of_zeros_and_ones | fails: test_networks_of_random_tables, test_exactly_one_hidden_unit_fires_for_every_input | hint: The weights are 0 and 1; a bit 0 stands for the input -1, and its weight is -1.
def boolean_network(table):
    net = _right["boolean_network"](table)
    return {**net, "W1": (net["W1"] + 1) / 2}


# %% bit_one_is_minus_one | fails: test_networks_of_random_tables | hint: A bit 1 stands for +1; here it stands for -1.
def boolean_network(table):
    net = _right["boolean_network"](table)
    return {**net, "W1": -net["W1"]}


# %% never_fires | fails: test_exactly_one_hidden_unit_fires_for_every_input, test_networks_of_random_tables | hint: With a bias below -n not even a matching pattern makes a hidden unit fire.
def boolean_network(table):
    net = _right["boolean_network"](table)
    return {**net, "b1": net["b1"] - 2}


# %% neighbours_fire_too | fails: test_exactly_one_hidden_unit_fires_for_every_input | hint: With a bias of -n + 2 or more, patterns that differ in one input make a unit fire as well.
def boolean_network(table):
    net = _right["boolean_network"](table)
    return {**net, "b1": net["b1"] + 1}


# %% no_bias_at_the_output | fails: test_networks_of_extreme_tables, test_networks_of_random_tables | hint: step(0) is 1: with an output bias of 0 the answer is 1 even if nobody votes.
def boolean_network(table):
    return {**_right["boolean_network"](table), "b2": 0.0}


# %% output_needs_two_votes | fails: test_networks_of_extreme_tables, test_networks_of_random_tables | hint: One hidden unit fires at a time: the output has to fire for a single vote.
def boolean_network(table):
    return {**_right["boolean_network"](table), "b2": -1.5}


# %% all_ones_are_forgotten | fails: test_networks_of_extreme_tables | hint: For a table of ones the output has to be 1 everywhere.
def boolean_network(table):
    net = _right["boolean_network"](table)
    return {**net, "w2": net["w2"] * (np.min(table) == 0)}


# %% two_inputs_only | fails: test_networks_of_random_tables, test_exactly_one_hidden_unit_fires_for_every_input | hint: The hidden bias is that of two inputs, whatever n is.
def boolean_network(table):
    net = _right["boolean_network"](table)
    return {**net, "b1": np.full(len(table), -1.0)}


# %% one_perceptron | fails: test_networks_of_extreme_tables, test_exactly_one_hidden_unit_fires_for_every_input | hint: All weights but those of one unit are 0: a single perceptron cannot do parity.
def boolean_network(table):
    X = _right["boolean_network"](table)["W1"]
    w, _, _ = perceptron_fit(X, np.asarray(table), None, 200)
    W1, b1, w2 = np.zeros_like(X), np.full(len(X), -1.0), np.zeros(len(X))
    W1[0], b1[0], w2[0] = w[1:], w[0], 1.0
    return {"W1": W1, "b1": b1, "w2": w2, "b2": -0.5}


# %% strict_step | fails: test_evaluation_uses_the_given_network | hint: A unit fires when its sum is exactly 0, too: >= 0, not > 0.
def boolean_eval(net, X):
    hidden = (X @ net["W1"].T + net["b1"] > 0).astype(int)
    return (hidden @ net["w2"] + net["b2"] > 0).astype(int), hidden


# %% table_looked_up | fails: test_evaluation_uses_the_given_network | hint: The output was looked up by the row's number instead of being computed with the weights.
def boolean_eval(net, X):
    k = ((X > 0) @ (1 << np.arange(X.shape[1])[::-1])).astype(int)
    return (net["w2"][k] > 0.5).astype(int), np.eye(len(net["w2"]), dtype=int)[k]


# %% biases_left_out | fails: test_evaluation_uses_the_given_network | hint: The hidden biases b1 are not used.
def boolean_eval(net, X):
    return _right["boolean_eval"]({**net, "b1": 0 * net["b1"] + 1 - X.shape[1]}, X)


# %% output_bias_left_out | fails: test_evaluation_uses_the_given_network | hint: The output bias b2 is not used.
def boolean_eval(net, X):
    return _right["boolean_eval"]({**net, "b2": -0.5}, X)


# %% bool_answers | fails: test_networks_keep_to_the_table | hint: A comparison gives True and False; the answers are the integers 1 and 0.
def boolean_eval(net, X):
    out, hidden = _right["boolean_eval"](net, X)
    return out == 1, hidden == 1


# %% height_of_the_left_edge | fails: test_towers_are_as_high_as_the_function_at_the_midpoints | hint: The towers are as high as f at the left edge of the bin; the midpoint is asked for.
def tower_network(f, a, b, K):
    return _towers(f, a, b, K, place=0.0)


# %% height_of_the_right_edge | fails: test_towers_are_as_high_as_the_function_at_the_midpoints | hint: The towers are as high as f at the right edge of the bin; the midpoint is asked for.
def tower_network(f, a, b, K):
    return _towers(f, a, b, K, place=1.0)


# %% last_bin_missing | fails: test_towers_are_as_high_as_the_function_at_the_midpoints | hint: The last bin has no tower.
def tower_network(f, a, b, K):
    net = _right["tower_network"](f, a, b, K)
    net["w2"][[K - 1, 2 * K - 1]] = 0
    return net


# %% both_towers_at_an_edge | fails: test_towers_meet_without_gap_or_overlap | hint: At an inner edge both towers count: the left one has to end before the right one begins.
def tower_network(f, a, b, K):
    net = _right["tower_network"](f, a, b, K)
    net["b1"][K:] -= 1e-12
    return net


# %% no_tower_at_an_edge | fails: test_towers_meet_without_gap_or_overlap | hint: At an inner edge there is a gap: the left tower has ended and the right one has not begun.
def tower_network(f, a, b, K):
    net = _right["tower_network"](f, a, b, K)
    net["b1"][:K] -= 1e-12
    return net


# %% towers_never_end | fails: test_towers_are_as_high_as_the_function_at_the_midpoints | hint: Nothing takes a tower down at its right edge, so the heights add up.
def tower_network(f, a, b, K):
    return _towers(f, a, b, K, fall=0.0)


# %% one_bin_too_many | fails: test_networks_keep_to_the_table, test_towers_are_as_high_as_the_function_at_the_midpoints | hint: There are K + 1 edges and K bins; here there are K + 1 bins.
def tower_network(f, a, b, K):
    return _towers(f, a, b, K + 1)


# %% bins_of_k_minus_one | fails: test_towers_are_as_high_as_the_function_at_the_midpoints | hint: The bins are (b - a) / (K - 1) wide: K points make K - 1 bins.
def tower_network(f, a, b, K):
    return _towers(f, a, a + (b - a) * K / max(K - 1, 0.5), K)


# %% strict_step_of_towers | fails: test_towers_are_summed_up_and_come_near_the_function | hint: A unit fires when its sum is exactly 0, too: >= 0, not > 0.
def tower_eval(net, x):
    return (x[:, None] * net["W1"][:, 0] + net["b1"] > 0) @ net["w2"]


# %% soft_steps | fails: test_towers_are_summed_up_and_come_near_the_function | hint: The units are sigmoids; steps are asked for.
def tower_eval(net, x):
    return sigmoid(50 * (x[:, None] * net["W1"][:, 0] + net["b1"])) @ net["w2"]


# %% slopes_ignored | fails: test_towers_are_summed_up_and_come_near_the_function | hint: The weights W1 are taken as 1; they are in the dictionary.
def tower_eval(net, x):
    return (x[:, None] + net["b1"] >= 0) @ net["w2"]


# %% step_at_the_end | fails: test_networks_keep_to_the_table, test_towers_are_summed_up_and_come_near_the_function | hint: The sum of the towers went through a step; it is the value itself that is asked for.
def tower_eval(net, x):
    return (_right["tower_eval"](net, x) >= 0).astype(int)


# %% function_of_an_array | fails: test_the_function_is_asked_for_one_number_at_a_time | hint: f was called with all midpoints at once; it takes a number.
def tower_network(f, a, b, K):
    edges = np.linspace(a, b, K + 1)
    heights = f((edges[:-1] + edges[1:]) / 2)
    return {
        "W1": np.ones((2 * K, 1)),
        "b1": -np.concatenate([edges[:-1], edges[1:]]),
        "w2": np.append(heights, -heights),
    }


# %% output_fires_above_zero_alone | fails: test_evaluation_uses_the_given_network | hint: step(0) is 1 for the output unit, too.
def boolean_eval(net, X):
    _, hidden = _right["boolean_eval"](net, X)
    return (hidden @ net["w2"] + net["b2"] > 0).astype(np.int64), hidden


# %% edges_in_single_precision | fails: test_towers_are_summed_up_and_come_near_the_function | hint: x was cast to float32, and what lies 1e-9 beside an edge falls on it.
def tower_eval(net, x):
    return _right["tower_eval"](net, np.asarray(x).astype(np.float32)).astype(np.float64)


# %% towers_of_float32_in_float64 | fails: test_networks_keep_to_the_table | hint: float32 in, float32 out.
def tower_eval(net, x):
    return _right["tower_eval"](net, x).astype(np.float64)


# %% edges_by_arange | fails: test_towers_meet_without_gap_or_overlap | hint: np.arange(a, b, width) has K + 1 edges for some K, since width is rounded; np.linspace has as many as you say.
def tower_network(f, a, b, K):
    width = (b - a) / K
    left = np.arange(a, b, width)
    heights = np.array([float(f(x + width / 2)) for x in left])
    return {
        "W1": np.ones((2 * len(left), 1)),
        "b1": -np.concatenate([left, left + width]),
        "w2": np.concatenate([heights, -heights]),
    }


# %% edges_added_up | fails: test_towers_meet_without_gap_or_overlap | hint: The edges are added up bin by bin until b is reached; with the rounding errors that is a bin too many for some K. Count the bins.
def tower_network(f, a, b, K):
    width, left, edges = (b - a) / K, a, []
    while left < b:
        edges.append(left)
        left += width
    edges = np.array([*edges, left])
    heights = np.array([float(f(x + width / 2)) for x in edges[:-1]])
    return {
        "W1": np.ones((2 * len(heights), 1)),
        "b1": -np.concatenate([edges[:-1], edges[1:]]),
        "w2": np.concatenate([heights, -heights]),
    }


# %% heights_in_the_type_of_the_first | fails: test_the_function_is_asked_for_one_number_at_a_time | hint: np.vectorize takes the type of the first height for all: after an int 0 come integers. Ask f in a loop, or name otypes.
def tower_network(f, a, b, K):
    heights = np.vectorize(f)(a + (np.arange(K) + 0.5) * (b - a) / K)
    left = iter(heights.tolist())
    return _right["tower_network"](lambda x: next(left), a, b, K)


# %% bins_of_height_zero_left_out | fails: test_the_function_is_asked_for_one_number_at_a_time | hint: There are 2K units for every K, also where the function is 0.
def tower_network(f, a, b, K):
    net = _right["tower_network"](f, a, b, K)
    keep = net["w2"] != 0
    return {name: value[keep] for name, value in net.items()}
