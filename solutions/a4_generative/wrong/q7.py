"""Wrong solutions of question 7: DCGAN blocks. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _without_last(layers, *more):
    return nn.Sequential(*list(layers)[:-1], *more)


# %% sigmoid_at_the_end | fails: test_pictures_lie_between_minus_one_and_one | hint: tanh has the range of the pixels, -1 to 1; a sigmoid has not.
class DCGenerator(_right["DCGenerator"]):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__(z_dim, ch, out_ch, size)
        self.layers = _without_last(self.layers, nn.Sigmoid())


# %% nothing_at_the_end | fails: test_pictures_lie_between_minus_one_and_one | hint: The last layer has no activation: pixels leave [-1, 1].
class DCGenerator(_right["DCGenerator"]):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__(z_dim, ch, out_ch, size)
        self.layers = _without_last(self.layers)


# %% clamped_at_the_end | fails: test_pictures_lie_between_minus_one_and_one | hint: tanh, no clamp: a clamp kills the gradient of every pixel that it cuts.
class DCGenerator(_right["DCGenerator"]):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__(z_dim, ch, out_ch, size)
        self.layers = _without_last(self.layers, nn.Hardtanh())


# %% batch_norm_in_the_last_layer | fails: test_parameters_are_those_of_the_table | hint: There is no batch norm in the output layer of G.
class DCGenerator(_right["DCGenerator"]):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__(z_dim, ch, out_ch, size)
        self.layers = _without_last(self.layers, nn.BatchNorm2d(out_ch), nn.Tanh())


# %% no_batch_norm_in_g | fails: test_parameters_are_those_of_the_table | hint: All layers of G but the last have batch normalisation.
class DCGenerator(_right["DCGenerator"]):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__(z_dim, ch, out_ch, size)
        self.layers = nn.Sequential(*[layer for layer in self.layers if not isinstance(layer, nn.BatchNorm2d)])


# %% kernel_three | fails: test_parameters_are_those_of_the_table | hint: Kernel 4, stride 2, padding 1 doubles the side; kernel 3 needs an output padding to repair it.
class DCGenerator(_right["DCGenerator"]):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__(z_dim, ch, out_ch, size)
        last = nn.ConvTranspose2d(ch, out_ch, 3, 2, 1, output_padding=1)
        self.layers = nn.Sequential(*list(self.layers)[:-2], last, nn.Tanh())


# %% upsampled | fails: test_parameters_are_those_of_the_table | hint: Transposed convolutions were asked for, not an upsampling with a convolution of 3 x 3.
class DCGenerator(_right["DCGenerator"]):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__(z_dim, ch, out_ch, size)
        last = [nn.Upsample(scale_factor=2), nn.Conv2d(ch, out_ch, 3, padding=1)]
        self.layers = nn.Sequential(*list(self.layers)[:-2], *last, nn.Tanh())


# %% always_16 | fails: test_shapes_at_both_sizes | hint: size is ignored.
class DCGenerator(_right["DCGenerator"]):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__(z_dim, ch, out_ch, 16)


# %% always_one_channel | fails: test_shapes_at_both_sizes | hint: out_ch is ignored.
class DCGenerator(_right["DCGenerator"]):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__(z_dim, ch, 1, size)


# %% leaky_generator | fails: test_the_generator_is_the_chain_of_the_table | hint: G has ReLUs, D the leaky ones.
class DCGenerator(_right["DCGenerator"]):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__(z_dim, ch, out_ch, size)
        self.layers = nn.Sequential(
            *[nn.LeakyReLU(0.2) if isinstance(layer, nn.ReLU) else layer for layer in self.layers]
        )


# %% relu_before_batch_norm | fails: test_the_generator_is_the_chain_of_the_table | hint: Batch norm comes before the ReLU.
class DCGenerator(_right["DCGenerator"]):
    def __init__(self, z_dim, ch, out_ch=1, size=16):
        super().__init__(z_dim, ch, out_ch, size)
        layers = list(self.layers)
        for i in range(1, len(layers) - 2, 3):
            layers[i], layers[i + 1] = layers[i + 1], layers[i]
        self.layers = nn.Sequential(*layers)


# %% batch_norm_in_the_first_layer_of_d | fails: test_parameters_are_those_of_the_table | hint: There is no batch norm in the first layer of D.
class DCDiscriminator(_right["DCDiscriminator"]):
    def __init__(self, ch, in_ch=1, size=16):
        super().__init__(ch, in_ch, size)
        layers = list(self.layers)
        self.layers = nn.Sequential(layers[0], nn.BatchNorm2d(ch), *layers[1:])


# %% slope_of_a_hundredth | fails: test_the_discriminator_is_the_chain_of_the_table | hint: The slope of the leaky ReLU is 0.2; 0.01 is only torch's default.
class DCDiscriminator(_right["DCDiscriminator"]):
    def __init__(self, ch, in_ch=1, size=16):
        super().__init__(ch, in_ch, size)
        self.layers = nn.Sequential(
            *[nn.LeakyReLU() if isinstance(layer, nn.LeakyReLU) else layer for layer in self.layers]
        )


# %% relu_in_d | fails: test_the_discriminator_is_the_chain_of_the_table | hint: D has leaky ReLUs with slope 0.2.
class DCDiscriminator(_right["DCDiscriminator"]):
    def __init__(self, ch, in_ch=1, size=16):
        super().__init__(ch, in_ch, size)
        self.layers = nn.Sequential(*[nn.ReLU() if isinstance(layer, nn.LeakyReLU) else layer for layer in self.layers])


# %% probabilities | fails: test_the_discriminator_is_the_chain_of_the_table | hint: D returns logits: no sigmoid.
class DCDiscriminator(_right["DCDiscriminator"]):
    def forward(self, x):
        return torch.sigmoid(super().forward(x))


# %% column_of_logits | fails: test_shapes_at_both_sizes | hint: The logits have the shape (B,), not (B, 1).
class DCDiscriminator(_right["DCDiscriminator"]):
    def forward(self, x):
        return super().forward(x)[:, None]


# %% squeezed_logits | fails: test_shapes_at_both_sizes | hint: squeeze() removes the batch axis too when there is one picture only.
class DCDiscriminator(_right["DCDiscriminator"]):
    def forward(self, x):
        return self.layers(x).squeeze()


# %% pooled_at_the_end | fails: test_parameters_are_those_of_the_table | hint: The last layer is a convolution over the whole 4 x 4 maps, no average of them.
class DCDiscriminator(_right["DCDiscriminator"]):
    def __init__(self, ch, in_ch=1, size=16):
        super().__init__(ch, in_ch, size)
        width = self.layers[-1].in_channels
        self.layers = _without_last(self.layers, nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, 1, 1))


# %% channels_not_doubled | fails: test_parameters_are_those_of_the_table | hint: Each convolution of D doubles the channels.
class DCDiscriminator(_right["DCDiscriminator"]):
    def __init__(self, ch, in_ch=1, size=16):
        super().__init__(ch, in_ch, size)
        layers, side = [nn.Conv2d(in_ch, ch, 4, 2, 1), nn.LeakyReLU(0.2)], size // 2
        while side > 4:
            layers += [nn.Conv2d(ch, ch, 4, 2, 1, bias=False), nn.BatchNorm2d(ch), nn.LeakyReLU(0.2)]
            side //= 2
        self.layers = nn.Sequential(*layers, nn.Conv2d(ch, 1, 4))


# %% start_far_too_large | fails: test_initial_weights | hint: 0.02 is the standard deviation, not the variance.
def dcgan_init(module):
    _right["dcgan_init"](module)
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0.0, 0.02**0.5)


# %% uniform_start | fails: test_initial_weights | hint: The weights are normally distributed, not uniformly.
def dcgan_init(module):
    _right["dcgan_init"](module)
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.uniform_(layer.weight, -0.02 * 3**0.5, 0.02 * 3**0.5)


# %% biases_drawn_too | fails: test_initial_weights | hint: Biases of convolutions are left as they are.
def dcgan_init(module):
    _right["dcgan_init"](module)
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)) and layer.bias is not None:
            nn.init.normal_(layer.bias, 0.0, 0.02)


# %% biases_zeroed | fails: test_initial_weights | hint: Biases of convolutions are left as they are.
def dcgan_init(module):
    _right["dcgan_init"](module)
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)) and layer.bias is not None:
            nn.init.zeros_(layer.bias)


# %% batch_norm_around_zero | fails: test_initial_weights | hint: Weights of batch norms are around 1; around 0 they let nothing through.
def dcgan_init(module):
    _right["dcgan_init"](module)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)


# %% batch_norm_left_alone | fails: test_initial_weights | hint: Batch norms are drawn anew as well, N(1, 0.02).
def dcgan_init(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0.0, 0.02)


# %% batch_norm_biases_left | fails: test_initial_weights | hint: The biases of batch norms become 0.
def dcgan_init(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)


# %% linear_layers_too | fails: test_initial_weights | hint: Only convolutions and batch norms are drawn anew; linear layers stay.
def dcgan_init(module):
    _right["dcgan_init"](module)
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, 0.0, 0.02)


# %% transposed_forgotten | fails: test_initial_weights | hint: Transposed convolutions are convolutions too.
def dcgan_init(module):
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.BatchNorm2d)):
            _right["dcgan_init"](layer)


# %% children_only | fails: test_initial_weights | hint: Layers may lie deep inside: module.modules() finds them all, children() only the next ones.
def dcgan_init(module):
    for layer in module.children():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)):
            _right["dcgan_init"](layer)


# %% label_ignored | fails: test_labels_matter | hint: The class is ignored.
class CondGenerator(_right["CondGenerator"]):
    def forward(self, z, y):
        return super().forward(z, torch.zeros_like(y))


# %% label_as_a_number | fails: test_labels_matter | hint: A class is no quantity: it gets an embedding, not one float.
class CondGenerator(_right["CondGenerator"]):
    def forward(self, z, y):
        wide = y[:, None].to(z.dtype).expand(-1, z.shape[1])
        return self.layers(torch.cat([z, wide], dim=1))


# %% label_added | fails: test_labels_matter | hint: The embedding is appended to the noise, not added.
class CondGenerator(_right["CondGenerator"]):
    def forward(self, z, y):
        return self.layers(torch.cat([z + self.label(y), torch.zeros_like(z)], dim=1))


# %% noise_ignored | fails: test_labels_matter | hint: The noise is ignored: every class has one picture only.
class CondGenerator(_right["CondGenerator"]):
    def forward(self, z, y):
        return super().forward(torch.zeros_like(z), y)


# %% noise_redrawn | fails: test_shapes_at_both_sizes, test_labels_matter | hint: z is given; nothing is drawn.
class CondGenerator(_right["CondGenerator"]):
    def forward(self, z, y):
        return super().forward(torch.randn_like(z), y)


# %% label_of_the_first_row | fails: test_labels_matter | hint: Every row has its own class.
class CondGenerator(_right["CondGenerator"]):
    def forward(self, z, y):
        return super().forward(z, y[:1].expand(len(y)))


# %% embedding_detached | fails: test_gradients_reach_every_parameter | hint: The embedding gets no gradient: it would never be learnt.
class CondGenerator(_right["CondGenerator"]):
    def forward(self, z, y):
        return self.layers(torch.cat([z, self.label(y).detach()], dim=1))


# %% squashed_output | fails: test_labels_matter | hint: CondGenerator ends with a linear layer: its data need not lie in [-1, 1].
class CondGenerator(_right["CondGenerator"]):
    def forward(self, z, y):
        return torch.tanh(super().forward(z, y))


# %% rectified_output | fails: test_labels_matter | hint: CondGenerator ends with a linear layer: its data may be negative.
class CondGenerator(_right["CondGenerator"]):
    def forward(self, z, y):
        return torch.relu(super().forward(z, y))


# %% every_norm | fails: test_initial_weights | hint: "Norm" in the class's name also finds layer and group norms, which have to stay.
def dcgan_init(module):
    _right["dcgan_init"](module)
    for m in module.modules():
        if "Norm" in type(m).__name__ and not isinstance(m, nn.modules.batchnorm._BatchNorm):
            nn.init.normal_(m.weight, 1.0, 0.02)
            nn.init.zeros_(m.bias)


# %% not_the_module_itself | fails: test_initial_weights | hint: The module may itself be a convolution; module.modules() begins with it.
def dcgan_init(module):
    for m in module.children():
        _right["dcgan_init"](m)


# %% seeded_anew | fails: test_initial_weights | hint: torch.manual_seed inside makes every network start alike, and resets the generator for everyone.
def dcgan_init(module):
    torch.manual_seed(0)
    _right["dcgan_init"](module)


# %% leaky_class_generator | fails: test_labels_matter | hint: CondGenerator has a plain ReLU between its layers.
class CondGenerator(_right["CondGenerator"]):
    def __init__(self, z_dim, n_classes, out_dim, hidden):
        super().__init__(z_dim, n_classes, out_dim, hidden)
        self.layers[1] = nn.LeakyReLU(0.2)


# %% class_0_never_learnt | fails: test_gradients_reach_every_parameter | hint: padding_idx=0 freezes the vector of class 0; all classes are learnt.
class CondGenerator(_right["CondGenerator"]):
    def __init__(self, z_dim, n_classes, out_dim, hidden):
        super().__init__(z_dim, n_classes, out_dim, hidden)
        self.label = nn.Embedding(n_classes, z_dim, padding_idx=0)


# Left out: biases before a batch norm, which are needless and allowed.
