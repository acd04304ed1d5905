"""Wrong solutions of question 8: LeNet-5 and VGG. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
class _LeNet(nn.Module):
    """A right LeNet-5 with parts that the mutants replace."""

    pad, bias, squash, pool = 0, True, nn.Tanh, nn.AvgPool2d

    def __init__(self, num_classes=26):
        super().__init__()
        squash, pool = self.squash, self.pool
        self.maps = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=self.pad, bias=self.bias),
            squash(),
            pool(2),
            nn.Conv2d(6, 16, 5, bias=self.bias),
            squash(),
            pool(2),
        )
        self.dense = nn.Sequential(
            nn.Conv2d(16, 120, 5, bias=self.bias),
            self.after_c5(),
            nn.Flatten(),
            nn.Linear(120, 84, bias=self.bias),
            self.after_f6(),
            nn.Linear(84, num_classes, bias=self.bias),
        )

    def after_c5(self):
        return self.squash()

    def after_f6(self):
        return self.squash()

    def forward(self, x):
        return self.last(self.dense(self.maps(x)))

    def last(self, z):
        return z


def _vgg(
    cfg,
    in_ch,
    num_classes,
    batchnorm=False,
    block=None,
    pool=None,
    head=None,
    register=lambda layers: nn.Sequential(*layers),
):
    """A right make_vgg with parts that the mutants replace."""
    layers, maps = [], in_ch
    convolutions = sum(entry != "M" for entry in cfg)
    for entry in cfg:
        if entry == "M":
            layers.append((pool or (lambda: nn.MaxPool2d(2)))())
            continue
        convolutions -= 1
        if block is not None:
            layers += block(maps, entry, batchnorm, convolutions == 0)
        else:
            layers += [nn.Conv2d(maps, entry, 3, padding=1), *[nn.BatchNorm2d(entry)] * batchnorm, nn.ReLU()]
        maps = entry
    layers += head(maps, num_classes) if head else [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(maps, num_classes)]
    return register(layers)


class _Listed(nn.Module):
    """Layers in a plain list."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


# %% lenet_relu | fails: test_lenet_values, test_lenet_gradients | hint: This LeNet-5 has ReLUs; it squashes with tanh.
class LeNet5(_LeNet):
    squash = nn.ReLU


# %% lenet_sigmoid | fails: test_lenet_values | hint: This LeNet-5 has sigmoids; it squashes with tanh.
class LeNet5(_LeNet):
    squash = nn.Sigmoid


# %% lenet_max_pool | fails: test_lenet_values, test_lenet_gradients | hint: LeNet-5 averages 2x2 pixels; it does not take the largest.
class LeNet5(_LeNet):
    pool = nn.MaxPool2d


# %% lenet_c1_padded | fails: test_lenet_values, test_layers_are_registered_in_order_and_trained | hint: C1 has no padding: 32x32 becomes 28x28.
class LeNet5(_LeNet):
    pad = 2


# %% lenet_c5_linear | fails: test_lenet_values | hint: There is no tanh after C5, so that C5 and F6 are one linear map.
class LeNet5(_LeNet):
    def after_c5(self):
        return nn.Identity()


# %% lenet_f6_linear | fails: test_lenet_values | hint: There is no tanh after F6, so that F6 and the output are one linear map.
class LeNet5(_LeNet):
    def after_f6(self):
        return nn.Identity()


# %% lenet_softmax | fails: test_lenet_values, test_an_image_is_judged_alone | hint: These are probabilities; logits are the plain outputs of the last layer.
class LeNet5(_LeNet):
    def last(self, z):
        return z.softmax(dim=1)


# %% lenet_log_softmax | fails: test_lenet_values | hint: These are log-probabilities; logits are the plain outputs of the last layer.
class LeNet5(_LeNet):
    def last(self, z):
        return z.log_softmax(dim=1)


# %% lenet_tanh_at_the_end | fails: test_lenet_values | hint: The logits are squashed; nothing comes after the last linear layer.
class LeNet5(_LeNet):
    def last(self, z):
        return z.tanh()


# %% lenet_without_bias | fails: test_layers_are_registered_in_order_and_trained, test_lenet_values | hint: Every layer of LeNet-5 has a bias.
class LeNet5(_LeNet):
    bias = False


# %% lenet_always_26 | fails: test_layers_are_registered_in_order_and_trained | hint: num_classes is not used.
class LeNet5(_LeNet):
    def __init__(self, num_classes=26):
        super().__init__(26)


# %% lenet_ten_by_default | fails: test_layers_are_registered_in_order_and_trained | hint: LeNet5() has 26 classes.
class LeNet5(_LeNet):
    def __init__(self, num_classes=10):
        super().__init__(num_classes)


# %% lenet_python_list | fails: test_layers_are_registered_in_order_and_trained | hint: Layers in a plain list are not registered: no optimiser sees their weights.
class LeNet5(_Listed):
    def __init__(self, num_classes=26):
        net = _LeNet(num_classes)
        super().__init__([*net.maps, *net.dense])


# %% lenet_built_in_forward | fails: test_layers_are_registered_in_order_and_trained | hint: The last layer is made anew in every forward pass, so that it never learns.
class LeNet5(_LeNet):
    def __init__(self, num_classes=26):
        super().__init__(num_classes)
        self.num_classes, self.dense = num_classes, self.dense[:-1]

    def last(self, z):
        return nn.Linear(84, self.num_classes).to(z)(z)


# %% lenet_sparse_c3 | fails: test_lenet_values, test_lenet_gradients | hint: C3 is connected to all 6 maps here, not by the sparse table of the paper.
class LeNet5(_LeNet):
    def forward(self, x):
        c1, squash, pool, c3, *_ = self.maps
        table = torch.ones(16, 6)
        for f in range(15):
            table[f, (f + 3) % 6] = table[f, (f + 4) % 6] = 0
        h = F.conv2d(pool(squash(c1(x))), c3.weight * table.to(x)[:, :, None, None], c3.bias)
        return self.dense(pool(squash(h)))


# %% lenet_detached | fails: test_lenet_gradients | hint: The graph is cut after the pooling layers: nothing before them learns.
class LeNet5(_LeNet):
    def forward(self, x):
        return self.dense(self.maps(x).detach())


# %% lenet_squeezed | fails: test_one_image_and_sizes_that_are_odd | hint: squeeze() removes the batch axis too when the batch is one image.
class LeNet5(_LeNet):
    def forward(self, x):
        return super().forward(x).squeeze()


# %% lenet_dropout | fails: test_lenet_values, test_an_image_is_judged_alone | hint: There is no dropout in these networks.
class LeNet5(_LeNet):
    def last(self, z):
        return F.dropout(z, 0.5, self.training)


# %% vgg_last_relu_missing | fails: test_vgg_values, test_vgg_gradients | hint: The last convolution has a ReLU too.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    def block(n, m, bn, last):
        return [nn.Conv2d(n, m, 3, padding=1), *[nn.BatchNorm2d(m)] * bn, *[nn.ReLU()] * (not last)]

    return _vgg(cfg, in_ch, num_classes, batchnorm, block)


# %% vgg_relu_first | fails: test_vgg_values, test_vgg_gradients | hint: The ReLU comes after its convolution, not before.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    def block(n, m, bn, last):
        return [nn.ReLU(), nn.Conv2d(n, m, 3, padding=1), *[nn.BatchNorm2d(m)] * bn]

    return _vgg(cfg, in_ch, num_classes, batchnorm, block)


# %% vgg_without_relu | fails: test_vgg_values | hint: Without a ReLU after each convolution the network is linear but for its pooling.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    def block(n, m, bn, last):
        return [nn.Conv2d(n, m, 3, padding=1), *[nn.BatchNorm2d(m)] * bn]

    return _vgg(cfg, in_ch, num_classes, batchnorm, block)


# %% vgg_pool_stride_1 | fails: test_vgg_values, test_one_image_and_sizes_that_are_odd | hint: 2x2 pooling has stride 2: it halves the size.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    return _vgg(cfg, in_ch, num_classes, batchnorm, pool=lambda: nn.MaxPool2d(2, stride=1))


# %% vgg_average_pool | fails: test_vgg_values | hint: "M" takes the largest of 2x2, not the mean.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    return _vgg(cfg, in_ch, num_classes, batchnorm, pool=lambda: nn.AvgPool2d(2))


# %% vgg_pool_rounds_up | fails: test_one_image_and_sizes_that_are_odd | hint: Pooling drops an odd last row or column; here it is kept (ceil_mode).
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    return _vgg(cfg, in_ch, num_classes, batchnorm, pool=lambda: nn.MaxPool2d(2, ceil_mode=True))


# %% vgg_norm_after_relu | fails: test_vgg_gradients, test_batch_normalisation_in_training_and_evaluation | hint: Batch normalisation stands between convolution and ReLU.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    def block(n, m, bn, last):
        return [nn.Conv2d(n, m, 3, padding=1), nn.ReLU(), *[nn.BatchNorm2d(m)] * bn]

    return _vgg(cfg, in_ch, num_classes, batchnorm, block)


# %% vgg_always_normalised | fails: test_layers_are_registered_in_order_and_trained, test_vgg_values | hint: There is batch normalisation although batchnorm is False.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    return _vgg(cfg, in_ch, num_classes, True)


# %% vgg_never_normalised | fails: test_layers_are_registered_in_order_and_trained, test_batch_normalisation_in_training_and_evaluation | hint: batchnorm=True is ignored.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    return _vgg(cfg, in_ch, num_classes, False)


# %% vgg_norm_without_running_statistics | fails: test_batch_normalisation_in_training_and_evaluation | hint: In evaluation the running statistics count, not those of the batch.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    def block(n, m, bn, last):
        norm = nn.BatchNorm2d(m, track_running_stats=False)
        return [nn.Conv2d(n, m, 3, padding=1), *[norm] * bn, nn.ReLU()]

    return _vgg(cfg, in_ch, num_classes, batchnorm, block)


# %% vgg_no_bias_with_norm | fails: test_layers_are_registered_in_order_and_trained | hint: The convolutions of make_vgg keep their bias, with batch normalisation too.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    def block(n, m, bn, last):
        return [nn.Conv2d(n, m, 3, padding=1, bias=not bn), *[nn.BatchNorm2d(m)] * bn, nn.ReLU()]

    return _vgg(cfg, in_ch, num_classes, batchnorm, block)


# %% vgg_fixed_size | fails: test_layers_are_registered_in_order_and_trained, test_vgg_values | hint: The last layer is made for one size of pictures; take the mean over all positions first.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    side = 32 // 2 ** cfg.count("M")
    return _vgg(cfg, in_ch, num_classes, batchnorm, head=lambda m, k: [nn.Flatten(), nn.Linear(m * side * side, k)])


# %% vgg_global_max | fails: test_vgg_values, test_vgg_gradients | hint: Before the last layer comes the mean over all positions, not the maximum.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    def head(m, k):
        return [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(m, k)]

    return _vgg(cfg, in_ch, num_classes, batchnorm, head=head)


# %% vgg_softmax | fails: test_vgg_values | hint: These are probabilities; logits are the plain outputs of the last layer.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    def head(m, k):
        return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(m, k), nn.Softmax(dim=1)]

    return _vgg(cfg, in_ch, num_classes, batchnorm, head=head)


# %% vgg_shared_layers | fails: test_layers_are_registered_in_order_and_trained, test_vgg_values | hint: One layer object stands for all convolutions of equal width: they share their weights.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    made = {}

    def block(n, m, bn, last):
        convolution = made.setdefault((n, m), nn.Conv2d(n, m, 3, padding=1))
        return [convolution, *[nn.BatchNorm2d(m)] * bn, nn.ReLU()]

    return _vgg(cfg, in_ch, num_classes, batchnorm, block)


# %% vgg_python_list | fails: test_layers_are_registered_in_order_and_trained | hint: Layers in a plain list are not registered: no optimiser sees their weights.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    return _vgg(cfg, in_ch, num_classes, batchnorm, register=_Listed)


# %% vgg_unpadded | fails: test_vgg_values, test_one_image_and_sizes_that_are_odd | hint: Padding 1 keeps the size at every convolution; there is none.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    def block(n, m, bn, last):
        return [nn.Conv2d(n, m, 3), *[nn.BatchNorm2d(m)] * bn, nn.ReLU()]

    return _vgg(cfg, in_ch, num_classes, batchnorm, block)


# "flatten before C5" is left out: C5 as a linear layer of 400 inputs is the same map of the same weights.


# %% configuration_used_up | fails: test_the_configuration_is_only_read | hint: make_vgg empties the list that it was given; the second network of it has no layers.
def make_vgg(cfg, in_ch, n_classes, batchnorm=False):
    given = list(cfg)
    while cfg:
        cfg.pop(0)
    return _right["make_vgg"](given, in_ch, n_classes, batchnorm)


# %% width_of_the_last_but_one | fails: test_vgg_values, test_layers_are_registered_in_order_and_trained | hint: cfg may end with two "M", or with none: keep the number of maps while you build.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    maps = cfg[-2] if cfg[-1] == "M" else cfg[-1]
    *before, _ = _right["make_vgg"](cfg, in_ch, num_classes, batchnorm)
    return nn.Sequential(*before, nn.Linear(maps, num_classes))


# %% lenet_without_a_graph_in_evaluation | fails: test_lenet_gradients | hint: Whoever evaluates may ask for gradients, too (which pixel moves the answer?): eval() is not no_grad().
class LeNet5(LeNet5):
    def forward(self, x):
        logits = super().forward(x)
        return logits if self.training else logits.detach() + 0 * x.sum()


# %% vgg_without_a_graph_in_evaluation | fails: test_vgg_gradients | hint: Whoever evaluates may ask for gradients, too (which pixel moves the answer?): eval() is not no_grad().
class _Graphless(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        logits = self.net(x)
        return logits if self.training else logits.detach() + 0 * x.sum()


def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    return _Graphless(_right["make_vgg"](cfg, in_ch, num_classes, batchnorm))


# %% lenet_seeds_the_generator | fails: test_the_configuration_is_only_read | hint: torch.manual_seed changes the global generator: all that is drawn afterwards is the same every time.
class LeNet5(_right["LeNet5"]):
    def __init__(self, num_classes=26):
        torch.manual_seed(0)
        super().__init__(num_classes)


# %% vgg_seeds_the_generator | fails: test_the_configuration_is_only_read | hint: torch.manual_seed changes the global generator: all that is drawn afterwards is the same every time.
def make_vgg(cfg, in_ch, num_classes, batchnorm=False):
    torch.manual_seed(0)
    return _right["make_vgg"](cfg, in_ch, num_classes, batchnorm)
