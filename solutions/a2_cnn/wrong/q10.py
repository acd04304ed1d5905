"""Wrong solutions of question 10: residual networks. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
class _Block(nn.Module):
    """A right block with parts that the mutants replace."""

    bias, project_always, kernel, project_norm, on_stride_only = False, False, 1, True, False

    def __init__(self, cin, cout, stride=1, zero_init=False):
        super().__init__()
        first, second = self.strides(stride)
        self.conv1 = nn.Conv2d(cin, cout, 3, first, 1, bias=self.bias)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, second, 1, bias=self.bias)
        self.bn2 = nn.BatchNorm2d(cout)
        if zero_init:
            self.start()
        self.shortcut = None
        if self.projected(cin, cout, stride):
            self.shortcut = self.projection(cin, cout, stride)

    def strides(self, stride):
        return stride, 1

    def start(self):
        nn.init.zeros_(self.bn2.weight)

    def projected(self, cin, cout, stride):
        return stride != 1 or cin != cout

    def projection(self, cin, cout, stride):
        convolution = nn.Conv2d(cin, cout, self.kernel, stride, self.kernel // 2, bias=self.bias)
        return nn.Sequential(convolution, nn.BatchNorm2d(cout)) if self.project_norm else convolution

    def branch(self, x):
        return self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))

    def short(self, x):
        return x if self.shortcut is None else self.shortcut(x)

    def forward(self, x):
        return (self.branch(x) + self.short(x)).relu()


class _ResNet(nn.Module):
    """A right network with parts that the mutants replace."""

    block, stem_bias, stem_relu = _Block, False, True

    def __init__(self, widths, blocks, num_classes, in_ch=3):
        super().__init__()
        maps = widths[0]
        self.stem = nn.Sequential(nn.Conv2d(in_ch, maps, 3, 1, 1, bias=self.stem_bias), nn.BatchNorm2d(maps))
        stages = []
        for stage, (width, depth) in enumerate(zip(widths, blocks, strict=True)):
            for i in range(self.depth(depth)):
                stages.append(self.block(maps, width, self.stride(stage, i)))
                maps = width
        self.stages = self.kept(stages)
        self.out = nn.Linear(maps, num_classes)

    def depth(self, n):
        return n

    def stride(self, stage, i):
        return 2 if stage > 0 and i == 0 else 1

    def kept(self, stages):
        return nn.ModuleList(stages)

    def forward(self, x):
        x = self.stem(x).relu() if self.stem_relu else self.stem(x)
        for block in self.stages:
            x = block(x)
        return self.last(self.out(self.pooled(x)))

    def pooled(self, x):
        return x.mean(dim=(2, 3))

    def last(self, z):
        return z


# %% no_relu_after_the_sum | fails: test_block_values, test_gradients_of_a_block | hint: After the sum comes a ReLU.
class BasicBlock(_Block):
    def forward(self, x):
        return self.branch(x) + self.short(x)


# %% relu_on_the_branch_only | fails: test_block_values, test_zero_init_begins_as_the_shortcut | hint: The ReLU is applied to f(x) before the sum, so that a block can only add; it comes after the sum.
class BasicBlock(_Block):
    def forward(self, x):
        return self.branch(x).relu() + self.short(x)


# %% relu_on_both_before_the_sum | fails: test_block_values | hint: The ReLU comes once, after the sum of branch and shortcut.
class BasicBlock(_Block):
    def forward(self, x):
        return self.branch(x).relu() + self.short(x).relu()


# %% no_relu_inside | fails: test_block_values | hint: Between the two convolutions of f stands a ReLU.
class BasicBlock(_Block):
    def branch(self, x):
        return self.bn2(self.conv2(self.bn1(self.conv1(x))))


# %% relu_before_the_norm | fails: test_block_values | hint: In f the batch norm comes before the ReLU.
class BasicBlock(_Block):
    def branch(self, x):
        return self.bn2(self.conv2(self.bn1(self.conv1(x).relu())))


# %% no_shortcut | fails: test_block_values, test_twenty_blocks_pass_the_gradient_unchanged | hint: The shortcut is missing: the output is relu(f(x)).
class BasicBlock(_Block):
    def forward(self, x):
        short = 0 if self.shortcut is None else self.shortcut(x)
        return (self.branch(x) + short).relu()


# %% no_shortcut_where_it_shrinks | fails: test_block_values, test_parameters_in_order_shapes_and_dtypes | hint: Blocks that change the size have a shortcut too: a 1x1 convolution with stride, and batch norm.
class BasicBlock(_Block):
    def projected(self, cin, cout, stride):
        return False

    def forward(self, x):
        f = self.branch(x)
        return (f + x if f.shape == x.shape else f).relu()


# %% shortcut_of_the_activation | fails: test_block_values, test_zero_init_begins_as_the_shortcut | hint: The shortcut adds relu(x), and x was asked for.
class BasicBlock(_Block):
    def short(self, x):
        return super().short(x.relu())


# %% always_projected | fails: test_parameters_in_order_shapes_and_dtypes | hint: The shortcut is x itself where size and width stay.
class BasicBlock(_Block):
    def projected(self, cin, cout, stride):
        return True


# %% projected_for_width_only | fails: test_parameters_in_order_shapes_and_dtypes | hint: With stride 2 and equal widths the shortcut needs a projection too.
class BasicBlock(_Block):
    def projected(self, cin, cout, stride):
        return cin != cout

    def forward(self, x):
        f, short = self.branch(x), self.short(x)
        return (f + short[:, :, : f.shape[2], : f.shape[3]]).relu()


# %% sliced_shortcut | fails: test_parameters_in_order_shapes_and_dtypes | hint: Where size or width change, the shortcut is a convolution with batch norm, not a slice padded with zeros.
class BasicBlock(_Block):
    def __init__(self, cin, cout, stride=1, zero_init=False):
        super().__init__(cin, cout, stride, zero_init)
        self.stride, self.cout = stride, cout

    def projected(self, cin, cout, stride):
        return False

    def short(self, x):
        x = x[:, : self.cout, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.cout - x.shape[1]))


# %% projection_without_norm | fails: test_parameters_in_order_shapes_and_dtypes | hint: The projection has a batch norm.
class BasicBlock(_Block):
    project_norm = False


# %% projection_3x3 | fails: test_parameters_in_order_shapes_and_dtypes | hint: The projection is a 1x1 convolution.
class BasicBlock(_Block):
    kernel = 3


# %% projection_activated | fails: test_block_values | hint: There is no ReLU in the shortcut.
class BasicBlock(_Block):
    def short(self, x):
        return x if self.shortcut is None else self.shortcut(x).relu()


# %% stride_in_the_second | fails: test_block_values, test_gradients_of_a_block | hint: The first convolution has the stride, not the second.
class BasicBlock(_Block):
    def strides(self, stride):
        return 1, stride


# %% stride_ignored | fails: test_block_values | hint: stride is ignored.
class BasicBlock(_Block):
    def strides(self, stride):
        return 1, 1

    def projection(self, cin, cout, stride):
        return super().projection(cin, cout, 1)


# %% added_in_place_to_x | fails: test_parameters_in_order_shapes_and_dtypes, test_block_values | hint: x += ... writes into the caller's array.
class BasicBlock(_Block):
    def forward(self, x):
        if self.shortcut is not None:
            return super().forward(x)
        f = self.branch(x)
        x += f
        return x.relu()


# %% convolutions_with_bias | fails: test_parameters_in_order_shapes_and_dtypes | hint: A convolution before a batch norm needs no bias, and has none here.
class BasicBlock(_Block):
    bias = True


# %% norm_after_the_sum | fails: test_block_values, test_twenty_blocks_pass_the_gradient_unchanged | hint: The second batch norm belongs to f, before the sum.
class BasicBlock(_Block):
    def forward(self, x):
        f = self.conv2(self.bn1(self.conv1(x)).relu())
        return self.bn2(f + self.short(x)).relu()


# %% first_norm_zero | fails: test_zero_init_begins_as_the_shortcut | hint: zero_init is about the last batch norm of f, not the first.
class BasicBlock(_Block):
    def start(self):
        nn.init.zeros_(self.bn1.weight)


# %% convolution_zero | fails: test_zero_init_begins_as_the_shortcut | hint: zero_init sets the scale of the last batch norm to 0, not a convolution.
class BasicBlock(_Block):
    def start(self):
        nn.init.zeros_(self.conv2.weight)


# %% zero_init_ignored | fails: test_zero_init_begins_as_the_shortcut, test_twenty_blocks_pass_the_gradient_unchanged | hint: zero_init is ignored.
class BasicBlock(_Block):
    def start(self):
        pass


# %% always_zero_init | fails: test_zero_init_begins_as_the_shortcut | hint: The scale of the last batch norm is 0 although zero_init is False.
class BasicBlock(_Block):
    def __init__(self, cin, cout, stride=1, zero_init=False):
        super().__init__(cin, cout, stride, True)


# %% batch_statistics_in_evaluation | fails: test_evaluation_uses_running_statistics | hint: In evaluation the running statistics count, not those of the batch.
class BasicBlock(_Block):
    def train(self, mode=True):
        return super().train(True)


# %% shared_norm | fails: test_parameters_in_order_shapes_and_dtypes | hint: Both convolutions use one batch norm object.
class BasicBlock(_Block):
    def __init__(self, cin, cout, stride=1, zero_init=False):
        super().__init__(cin, cout, stride, zero_init)
        self.bn2 = self.bn1


# %% shortcut_detached | fails: test_gradients_of_a_block, test_twenty_blocks_pass_the_gradient_unchanged | hint: No gradient passes the shortcut: it is detached.
class BasicBlock(_Block):
    def short(self, x):
        return super().short(x.detach())


# %% dropout_in_the_block | fails: test_block_values | hint: There is no dropout in these blocks.
class BasicBlock(_Block):
    def branch(self, x):
        return F.dropout(super().branch(x), 0.3, self.training)


# %% one_block_less | fails: test_parameters_in_order_shapes_and_dtypes, test_resnet_values | hint: A stage has one block less than blocks says.
class TinyResNet(_ResNet):
    def depth(self, n):
        return max(1, n - 1)


# %% one_block_more | fails: test_parameters_in_order_shapes_and_dtypes | hint: A stage has one block more than blocks says.
class TinyResNet(_ResNet):
    def depth(self, n):
        return n + 1


# %% never_strided | fails: test_resnet_values, test_gradients_of_a_resnet | hint: The first block of every stage but the first has stride 2.
class TinyResNet(_ResNet):
    def stride(self, stage, i):
        return 1


# %% first_stage_strided | fails: test_parameters_in_order_shapes_and_dtypes, test_resnet_values | hint: The first stage keeps the size: its first block has stride 1.
class TinyResNet(_ResNet):
    def stride(self, stage, i):
        return 2 if i == 0 else 1


# %% every_block_strided | fails: test_parameters_in_order_shapes_and_dtypes | hint: Only the first block of a stage has stride 2.
class TinyResNet(_ResNet):
    def stride(self, stage, i):
        return 2 if stage > 0 else 1


# %% blocks_in_a_list | fails: test_parameters_in_order_shapes_and_dtypes | hint: Blocks in a plain list are not registered: no optimiser sees their weights.
class TinyResNet(_ResNet):
    def kept(self, stages):
        return stages


# %% global_max | fails: test_resnet_values, test_gradients_of_a_resnet | hint: Before the last layer comes the mean over all positions, not the maximum.
class TinyResNet(_ResNet):
    def pooled(self, x):
        return x.amax(dim=(2, 3))


# %% global_sum | fails: test_resnet_values | hint: Before the last layer comes the mean over all positions, not the sum.
class TinyResNet(_ResNet):
    def pooled(self, x):
        return x.sum(dim=(2, 3))


# %% one_position_only | fails: test_resnet_values | hint: Before the last layer comes the mean over all positions, not one of them.
class TinyResNet(_ResNet):
    def pooled(self, x):
        return x[:, :, 0, 0]


# %% softmax | fails: test_resnet_values | hint: These are probabilities; logits are the plain outputs of the last layer.
class TinyResNet(_ResNet):
    def last(self, z):
        return z.softmax(dim=1)


# %% stem_with_bias | fails: test_parameters_in_order_shapes_and_dtypes | hint: The convolution of the stem has no bias.
class TinyResNet(_ResNet):
    stem_bias = True


# %% stem_without_relu | fails: test_resnet_values | hint: The stem ends with a ReLU.
class TinyResNet(_ResNet):
    stem_relu = False


# %% one_channel_by_default | fails: test_parameters_in_order_shapes_and_dtypes | hint: Images have three channels unless in_ch says something else.
class TinyResNet(_right["TinyResNet"]):
    def __init__(self, widths, blocks, num_classes, in_ch=1):
        super().__init__(widths, blocks, num_classes, in_ch)


# %% three_channels_always | fails: test_parameters_in_order_shapes_and_dtypes | hint: in_ch is ignored.
class TinyResNet(_ResNet):
    def __init__(self, widths, blocks, num_classes, in_ch=3):
        super().__init__(widths, blocks, num_classes)


# %% another_eps | fails: test_batch_norms_have_their_default_eps | hint: Batch norms have their defaults: eps is 1e-5, and yours is 1e-3.
class BasicBlock(_Block):
    def __init__(self, cin, cout, stride=1, zero_init=False):
        super().__init__(cin, cout, stride, zero_init)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eps = 1e-3


# %% another_momentum | fails: test_evaluation_uses_running_statistics | hint: Batch norms have their defaults: momentum is 0.1, the weight of the new batch.
class BasicBlock(_Block):
    def __init__(self, cin, cout, stride=1, zero_init=False):
        super().__init__(cin, cout, stride, zero_init)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.momentum = 0.01


# %% another_momentum_in_the_stem | fails: test_evaluation_uses_running_statistics | hint: Batch norms have their defaults, that of the stem as well: momentum is 0.1.
class TinyResNet(_ResNet):
    def __init__(self, widths, blocks, num_classes, in_ch=3):
        super().__init__(widths, blocks, num_classes, in_ch)
        self.stem[1].momentum = 0.01


# %% another_eps_in_the_stem | fails: test_batch_norms_have_their_default_eps | hint: Batch norms have their defaults, that of the stem as well: eps is 1e-5.
class TinyResNet(_ResNet):
    def __init__(self, widths, blocks, num_classes, in_ch=3):
        super().__init__(widths, blocks, num_classes, in_ch)
        self.stem[1].eps = 1e-3


# %% widths_extended | fails: test_parameters_in_order_shapes_and_dtypes | hint: widths is the caller's list: copy it before you put the stem's width in front.
class TinyResNet(TinyResNet):
    def __init__(self, widths, blocks, num_classes, in_ch=3):
        super().__init__(widths, blocks, num_classes, in_ch)
        widths.insert(0, widths[0])


# %% stride_up_to_the_second_stage | fails: test_resnet_values | hint: Every stage but the first begins with stride 2, also if its width is that of the stage before.
class TinyResNet(nn.Module):
    def __init__(self, widths, blocks, num_classes, in_ch=3):
        super().__init__()
        layers = [nn.Conv2d(in_ch, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()]
        for i, width in enumerate(widths):
            before = widths[max(i - 1, 0)]
            first = 2 if i == 1 or width != before else 1
            layers += [BasicBlock(width if j else before, width, 1 if j else first) for j in range(blocks[i])]
        self.body, self.head = nn.Sequential(*layers), nn.Linear(widths[-1], num_classes)

    def forward(self, x):
        return self.head(self.body(x).mean(dim=(2, 3)))


# %% block_seeds_the_generator | fails: test_parameters_in_order_shapes_and_dtypes | hint: torch.manual_seed changes the global generator: all that is drawn afterwards is the same every time.
class BasicBlock(_right["BasicBlock"]):
    def __init__(self, cin, cout, stride=1, zero_init=False):
        torch.manual_seed(0)
        super().__init__(cin, cout, stride, zero_init)


# %% resnet_seeds_the_generator | fails: test_parameters_in_order_shapes_and_dtypes | hint: torch.manual_seed changes the global generator: all that is drawn afterwards is the same every time.
class TinyResNet(_right["TinyResNet"]):
    def __init__(self, widths, blocks, num_classes, in_ch=3):
        torch.manual_seed(0)
        super().__init__(widths, blocks, num_classes, in_ch)
