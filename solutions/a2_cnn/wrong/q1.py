"""Wrong solutions of question 1: sizes and counts. Each cell is appended to the reference notebook."""
# ruff: noqa: B905, E501, RET504 - a header is one line, cells are written as students write


# %%
def _pair(size):
    return (size, size) if isinstance(size, int) else tuple(size)


def _patched(layers, in_shape, change):
    """The reference's trace, each row changed by change(layer, shape before it, row)."""
    rows, shape = _right["trace"](layers, in_shape), tuple(in_shape)
    for layer, row in zip(layers, rows):
        before, shape = shape, row["out_shape"]
        change(layer, before, row)
    return rows


def _fields(layers, in_shape, grow):
    """The reference's trace with fields from grow(layer, field, step) for what has a kernel; nothing else grows."""
    rows, field, step = _right["trace"](layers, in_shape), (1, 1), (1, 1)
    for layer, row in zip(layers, rows):
        if "k" in layer:
            k = _pair(layer["k"])
            stride = _pair(layer.get("stride", 1 if layer["name"] == "conv" else k))
            pairs = [grow(layer, *each) for each in zip(field, step, k, stride)]
            field, step = tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)
        row["rf"] = field
    return rows


# %% ceil | fails: test_conv_out_counts_the_positions_of_the_kernel | hint: A position at which the kernel sticks out does not count: round down, not up.
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    _right["conv_out"](n, k, stride, pad, dilation, strict)
    return math.ceil((n + 2 * pad - dilation * (k - 1) - 1) / stride) + 1


# %% no_plus_one | fails: test_conv_out_counts_the_positions_of_the_kernel | hint: The first position counts as well: (n + 2p - k)/s steps lead to one position more.
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    return max(_right["conv_out"](n, k, stride, pad, dilation, strict) - 1, 0)


# %% one_pad | fails: test_conv_out_counts_the_positions_of_the_kernel | hint: Padding is put on both sides: n + 2p, not n + p.
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    return _right["conv_out"](n + pad, k, stride, 0, dilation, strict)


# %% dilation_ignored | fails: test_conv_out_counts_the_positions_of_the_kernel, test_what_does_not_fit_raises | hint: A dilated kernel covers d (k - 1) + 1 pixels; here it covers k.
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    return _right["conv_out"](n, k, stride, pad, 1, strict)


# %% dilation_times_k | fails: test_conv_out_counts_the_positions_of_the_kernel | hint: There are k - 1 gaps between k weights: a dilated kernel covers d (k - 1) + 1 pixels, not d k.
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    return _right["conv_out"](n, dilation * k, stride, pad, 1, strict)


# %% strict_never_raises | fails: test_what_does_not_fit_raises | hint: strict=True asks for an error when pixels are left over.
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    return _right["conv_out"](n, k, stride, pad, dilation)


# %% strict_always_raises | fails: test_conv_out_counts_the_positions_of_the_kernel | hint: Pixels left over are an error with strict=True alone; otherwise round down.
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    return _right["conv_out"](n, k, stride, pad, dilation, True)


# %% strict_looks_at_the_size | fails: test_what_does_not_fit_raises | hint: The remainder to look at is that of n + 2p - k_eff, not of n.
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    if strict and n % stride:
        raise ValueError("pixels are left over")
    return _right["conv_out"](n, k, stride, pad, dilation)


# %% true_division | fails: test_answers_are_ints_and_layers_stay_as_they_are | hint: / makes a float, even of 6/2; a size is an int: use //.
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    _right["conv_out"](n, k, stride, pad, dilation, strict)
    room = n + 2 * pad - dilation * (k - 1) - 1
    return (room - room % stride) / stride + 1


# %% fractions | fails: test_conv_out_counts_the_positions_of_the_kernel | hint: There is no half position: round down.
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    _right["conv_out"](n, k, stride, pad, dilation, strict)
    return (n + 2 * pad - dilation * (k - 1) - 1) / stride + 1


# %% negative_sizes | fails: test_what_does_not_fit_raises | hint: A kernel larger than the padded axis has no position: raise a ValueError instead of returning 0 or less.
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    room = n + 2 * pad - dilation * (k - 1) - 1
    if strict and room % stride:
        raise ValueError("pixels are left over")
    return room // stride + 1


# %% exact_fit_refused | fails: test_conv_out_counts_the_positions_of_the_kernel | hint: A kernel exactly as long as the axis does fit, once.
def conv_out(n, k, stride=1, pad=0, dilation=1, strict=False):
    size = _right["conv_out"](n, k, stride, pad, dilation, strict)
    if n + 2 * pad == dilation * (k - 1) + 1:
        raise ValueError("the kernel does not fit")
    return size


# %% same_pad_for_even_kernels | fails: test_same_pad_keeps_the_size | hint: For an even kernel k // 2 makes the output one pixel larger; no padding keeps the size.
def same_pad(k, dilation=1):
    return dilation * (k - 1) // 2


# %% same_pad_looks_at_k | fails: test_same_pad_keeps_the_size | hint: What must be odd is the number of pixels that the dilated kernel covers, d (k - 1) + 1, not k.
def same_pad(k, dilation=1):
    if k % 2 == 0:
        raise ValueError("even kernel")
    return dilation * (k - 1) // 2


# %% same_pad_without_dilation | fails: test_same_pad_keeps_the_size | hint: A dilated kernel needs a wider padding.
def same_pad(k, dilation=1):
    return _right["same_pad"](k)


# %% bias_omitted | fails: test_parameters_of_every_kind_of_layer, test_parameters_and_shapes_of_known_networks | hint: Each map has a bias, which is learned too.
def trace(layers, in_shape):
    def change(layer, shape, row):
        if layer["name"] == "conv":
            row["params"] -= layer["cout"] * layer.get("bias", True)

    return _patched(layers, in_shape, change)


# %% fc_bias_omitted | fails: test_parameters_of_every_kind_of_layer, test_parameters_and_shapes_of_known_networks | hint: A fully connected layer has a bias for each output.
def trace(layers, in_shape):
    def change(layer, shape, row):
        if layer["name"] == "fc":
            row["params"] = row["macs"]

    return _patched(layers, in_shape, change)


# %% bias_key_ignored | fails: test_parameters_of_every_kind_of_layer | hint: With bias False there is no bias to count.
def trace(layers, in_shape):
    return _right["trace"]([{**layer, "bias": True} for layer in layers], in_shape)


# %% a_bias_for_every_pixel | fails: test_parameters_of_every_kind_of_layer, test_parameters_and_shapes_of_known_networks | hint: The bias belongs to a map and is shared by all its pixels.
def trace(layers, in_shape):
    def change(layer, shape, row):
        if layer["name"] == "conv" and layer.get("bias", True):
            row["params"] += math.prod(row["out_shape"]) - layer["cout"]

    return _patched(layers, in_shape, change)


# %% groups_ignored_in_params | fails: test_parameters_of_every_kind_of_layer | hint: A kernel of one of g groups has weights for C/g channels only.
def trace(layers, in_shape):
    def change(layer, shape, row):
        if layer["name"] == "conv":
            bias = layer["cout"] * layer.get("bias", True)
            row["params"] = (row["params"] - bias) * layer.get("groups", 1) + bias

    return _patched(layers, in_shape, change)


# %% groups_ignored_in_macs | fails: test_macs_are_the_products_of_one_image | hint: An output of one of g groups multiplies C/g channels only.
def trace(layers, in_shape):
    def change(layer, shape, row):
        row["macs"] *= layer.get("groups", 1)

    return _patched(layers, in_shape, change)


# %% groups_not_checked | fails: test_what_does_not_fit_raises | hint: Channels in and out must be multiples of the number of groups.
def trace(layers, in_shape):
    def change(layer, shape, row):
        if layer.get("groups", 1) > 1:
            weights = shape[0] // layer["groups"] * math.prod(_pair(layer["k"]))
            row["params"] = layer["cout"] * (weights + layer.get("bias", True))
            row["macs"] = math.prod(row["out_shape"]) * weights

    return (
        _patched([{**layer, "groups": 1} for layer in layers], in_shape, lambda *_: None)
        if any("groups" in layer and tuple(in_shape)[0] % layer["groups"] for layer in layers)
        else _patched(layers, in_shape, change)
    )


# %% pooling_has_parameters | fails: test_parameters_of_every_kind_of_layer, test_parameters_and_shapes_of_known_networks | hint: Pooling has nothing to learn: 0 parameters.
def trace(layers, in_shape):
    def change(layer, shape, row):
        if layer["name"].endswith("pool"):
            row["params"] = shape[0] * math.prod(_pair(layer["k"]))

    return _patched(layers, in_shape, change)


# %% parameters_at_every_place | fails: test_parameters_of_every_kind_of_layer, test_parameters_and_shapes_of_known_networks | hint: The weights are shared: the number of places does not enter the number of parameters.
def trace(layers, in_shape):
    def change(layer, shape, row):
        if layer["name"] == "conv":
            row["params"] *= math.prod(row["out_shape"][1:])

    return _patched(layers, in_shape, change)


# %% input_channels_forgotten | fails: test_parameters_of_every_kind_of_layer, test_macs_are_the_products_of_one_image | hint: A kernel is as deep as its input: k_h k_w weights for every channel.
def trace(layers, in_shape):
    def change(layer, shape, row):
        if layer["name"] == "conv":
            weights = math.prod(_pair(layer["k"]))
            row["params"] = layer["cout"] * (weights + layer.get("bias", True))
            row["macs"] = math.prod(row["out_shape"]) * weights

    return _patched(layers, in_shape, change)


# %% running_statistics_counted | fails: test_parameters_of_every_kind_of_layer | hint: Running mean and variance are not learned: two parameters a channel, not four.
def trace(layers, in_shape):
    def change(layer, shape, row):
        row["params"] *= 2 if layer["name"] == "bn" else 1

    return _patched(layers, in_shape, change)


# %% bn_for_every_pixel | fails: test_parameters_of_every_kind_of_layer | hint: Scale and shift belong to a channel, not to a pixel.
def trace(layers, in_shape):
    def change(layer, shape, row):
        if layer["name"] == "bn":
            row["params"] = 2 * math.prod(shape)

    return _patched(layers, in_shape, change)


# %% square_kernels_only | fails: test_parameters_of_every_kind_of_layer, test_receptive_field_of_strided_and_pooled_stacks | hint: A kernel may be a pair (height, width) with two different entries.
def trace(layers, in_shape):
    return _right["trace"](
        [{**layer, "k": _pair(layer["k"])[0]} if "k" in layer else layer for layer in layers], in_shape
    )


# %% height_and_width_swapped | fails: test_answers_are_ints_and_layers_stay_as_they_are | hint: Pairs and shapes are height first: (rows, columns).
def trace(layers, in_shape):
    def turn(value):
        return value if isinstance(value, int) else tuple(value)[::-1]

    turned = [{key: turn(v) if key in ("k", "stride", "pad") else v for key, v in layer.items()} for layer in layers]
    rows = _right["trace"](turned, in_shape)
    return rows


# %% pool_stride_defaults_to_1 | fails: test_answers_are_ints_and_layers_stay_as_they_are | hint: A pooling layer without a stride moves on by its own size.
def trace(layers, in_shape):
    return _right["trace"](
        [{"stride": 1, **layer} if layer["name"].endswith("pool") else layer for layer in layers], in_shape
    )


# %% flatten_keeps_the_channels | fails: test_parameters_and_shapes_of_known_networks | hint: flatten leaves a single axis of C H W numbers.
def trace(layers, in_shape):
    def change(layer, shape, row):
        if layer["name"] == "flatten":
            row["out_shape"] = (shape[0], math.prod(shape[1:]))

    rows = _right["trace"](layers, in_shape)
    for before, row in zip([{"out_shape": tuple(in_shape)}, *rows], rows):
        change({"name": row["name"]}, before["out_shape"], row)
    return rows


# %% flatten_forgets_the_channels | fails: test_parameters_of_every_kind_of_layer, test_parameters_and_shapes_of_known_networks | hint: flatten makes C H W numbers of a map, not H W.
def trace(layers, in_shape):
    for place, layer in enumerate(layers):
        if layer["name"] == "flatten":
            head = _right["trace"](layers[:place], in_shape)
            shape = head[-1]["out_shape"] if head else in_shape
            tail = _right["trace"](layers[place:], (1, *shape[1:]))
            return head + tail
    return _right["trace"](layers, in_shape)


# %% macs_with_bias | fails: test_macs_are_the_products_of_one_image | hint: Adding the bias is not a multiplication.
def trace(layers, in_shape):
    def change(layer, shape, row):
        if layer["name"] == "fc":
            row["macs"] = row["params"]

    return _patched(layers, in_shape, change)


# %% macs_of_one_place | fails: test_macs_are_the_products_of_one_image | hint: The products are made anew at every place of the output.
def trace(layers, in_shape):
    def change(layer, shape, row):
        if layer["name"] == "conv":
            row["macs"] //= math.prod(row["out_shape"][1:])

    return _patched(layers, in_shape, change)


# %% macs_at_the_input_places | fails: test_macs_are_the_products_of_one_image | hint: Count the places of the output, not those of the input.
def trace(layers, in_shape):
    def change(layer, shape, row):
        if layer["name"] == "conv":
            row["macs"] = row["macs"] // math.prod(row["out_shape"][1:]) * math.prod(shape[1:])

    return _patched(layers, in_shape, change)


# %% two_operations_a_mac | fails: test_macs_are_the_products_of_one_image | hint: A multiplication with its addition is one MAC; you count it as two operations.
def trace(layers, in_shape):
    def change(layer, shape, row):
        row["macs"] *= 2

    return _patched(layers, in_shape, change)


# %% field_is_the_product_of_kernels | fails: test_receptive_field_of_strided_and_pooled_stacks | hint: Fields overlap: each layer adds k - 1 steps, it does not multiply by k.
def trace(layers, in_shape):
    return _fields(layers, in_shape, lambda layer, field, step, k, stride: (field * k, 1))


# %% field_without_strides | fails: test_receptive_field_of_strided_and_pooled_stacks | hint: After a stride of 2 neighbours are two pixels of the image apart: k - 1 must be multiplied by the step.
def trace(layers, in_shape):
    return _fields(layers, in_shape, lambda layer, field, step, k, stride: (field + k - 1, 1))


# %% field_with_the_last_stride_only | fails: test_receptive_field_of_strided_and_pooled_stacks | hint: The step is the product of all strides before, not just the last one.
def trace(layers, in_shape):
    return _fields(layers, in_shape, lambda layer, field, step, k, stride: (field + (k - 1) * step, stride))


# %% field_with_its_own_stride | fails: test_receptive_field_of_strided_and_pooled_stacks | hint: A layer's own stride moves its outputs apart, it does not widen what one of them sees.
def trace(layers, in_shape):
    return _fields(
        layers, in_shape, lambda layer, field, step, k, stride: (field + (k - 1) * step * stride, step * stride)
    )


# %% pooling_not_in_the_field | fails: test_receptive_field_of_strided_and_pooled_stacks | hint: A pooling window sees k pixels too, and its stride counts.
def trace(layers, in_shape):
    def grow(layer, field, step, k, stride):
        return (field + (k - 1) * step, step * stride) if layer["name"] == "conv" else (field, step)

    return _fields(layers, in_shape, grow)


# %% fc_not_in_the_field | fails: test_receptive_field_of_strided_and_pooled_stacks | hint: A fully connected layer sees all places of the map that was flattened.
def trace(layers, in_shape):
    return _fields(layers, in_shape, lambda layer, field, step, k, stride: (field + (k - 1) * step, step * stride))


# %% field_cut_at_the_image | fails: test_receptive_field_of_strided_and_pooled_stacks | hint: The field also counts the padding: do not cut it off at the size of the image.
def trace(layers, in_shape):
    def change(layer, shape, row):
        row["rf"] = tuple(min(r, n) for r, n in zip(row["rf"], in_shape[1:]))

    return _patched(layers, in_shape, change)


# %% layers_changed | fails: test_answers_are_ints_and_layers_stay_as_they_are | hint: setdefault writes the defaults into the caller's dicts; use get.
def trace(layers, in_shape):
    for layer in layers:
        if layer["name"] == "conv":
            layer.setdefault("stride", 1)
            layer.setdefault("pad", 0)
    return _right["trace"](layers, in_shape)


# %% unknown_layers_skipped | fails: test_what_does_not_fit_raises | hint: A layer with an unknown name is an error, not nothing.
def trace(layers, in_shape):
    return _right["trace"]([layer for layer in layers if layer["name"] != "dropout"], in_shape)


# %% names_by_their_ending | fails: test_what_does_not_fit_raises | hint: A name ends in "pool" and is unknown all the same: compare the whole name.
def trace(layers, in_shape):
    known = [{**layer, "name": "maxpool"} if layer["name"].endswith("pool") else layer for layer in layers]
    rows = _right["trace"](known, in_shape)
    return [{**row, "name": layer["name"]} for layer, row in zip(layers, rows)]


# %% names_by_their_beginning | fails: test_what_does_not_fit_raises | hint: A name begins with "conv" and is unknown all the same: compare the whole name.
def trace(layers, in_shape):
    known = [{**layer, "name": "conv"} if layer["name"].startswith("conv") else layer for layer in layers]
    rows = _right["trace"](known, in_shape)
    return [{**row, "name": layer["name"]} for layer, row in zip(layers, rows)]
