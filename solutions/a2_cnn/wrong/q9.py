"""Wrong solutions of question 9: the Inception module. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
class _Inception(nn.Module):
    """A right module with parts that the mutants replace."""

    bias, pad5 = True, 2

    def __init__(self, cin, c1, c3r, c3, c5r, c5, cp):
        super().__init__()
        self.one = nn.Conv2d(cin, c1, 1, bias=self.bias)
        self.reduce3 = nn.Conv2d(cin, c3r, 1, bias=self.bias)
        self.three = nn.Conv2d(c3r, c3, 3, padding=1, bias=self.bias)
        self.reduce5 = nn.Conv2d(cin, c5r, 1, bias=self.bias)
        self.five = nn.Conv2d(c5r, c5, 5, padding=self.pad5, bias=self.bias)
        self.project = nn.Conv2d(cin, cp, 1, bias=self.bias)

    def forward(self, x):
        return self.join([self.b1(x), self.b3(x), self.b5(x), self.bp(x)])

    def b1(self, x):
        return self.one(x).relu()

    def b3(self, x):
        return self.three(self.reduced(self.reduce3(x))).relu()

    def b5(self, x):
        return self.five(self.reduced(self.reduce5(x))).relu()

    def bp(self, x):
        return self.project(self.pool(x)).relu()

    def reduced(self, z):
        return z.relu()

    def pool(self, x):
        return F.max_pool2d(x, 3, stride=1, padding=1)

    def join(self, parts):
        return torch.cat(parts, dim=1)


# %% pool_before_five | fails: test_each_branch_fills_its_own_slice | hint: The order is 1x1, 3x3, 5x5, pooled; the last two are swapped.
class Inception(_Inception):
    def join(self, parts):
        return torch.cat([parts[0], parts[1], parts[3], parts[2]], dim=1)


# %% five_before_three | fails: test_each_branch_fills_its_own_slice | hint: The order is 1x1, 3x3, 5x5, pooled; 3x3 and 5x5 are swapped.
class Inception(_Inception):
    def join(self, parts):
        return torch.cat([parts[0], parts[2], parts[1], parts[3]], dim=1)


# %% reversed_order | fails: test_each_branch_fills_its_own_slice | hint: The branches are stacked from the last to the first.
class Inception(_Inception):
    def join(self, parts):
        return torch.cat(parts[::-1], dim=1)


# %% stacked_along_the_batch | fails: test_each_branch_fills_its_own_slice, test_the_branch_of_one_pixel | hint: torch.cat joins along dim=0, the batch, unless it is told; channels are dim=1.
class Inception(_Inception):
    def join(self, parts):
        most = max(part.shape[1] for part in parts)
        return torch.cat([F.pad(part, (0, 0, 0, 0, 0, most - part.shape[1])) for part in parts])


# %% stacked_along_the_rows | fails: test_each_branch_fills_its_own_slice | hint: The branches are joined along the rows; channels are dim=1.
class Inception(_Inception):
    def join(self, parts):
        most = max(part.shape[1] for part in parts)
        return torch.cat([F.pad(part, (0, 0, 0, 0, 0, most - part.shape[1])) for part in parts], dim=2)


# %% added_up | fails: test_each_branch_fills_its_own_slice, test_the_input_is_only_read_and_its_dtype_kept | hint: The branches are stacked along the channels, not added.
class Inception(_Inception):
    def join(self, parts):
        most = max(part.shape[1] for part in parts)
        return sum(F.pad(part, (0, 0, 0, 0, 0, most - part.shape[1])) for part in parts)


# %% five_padded_by_one | fails: test_the_branch_of_five_by_five | hint: A 5x5 kernel needs padding 2 to keep the size; the rows and columns that padding 1 loses are missing.
class Inception(_Inception):
    pad5 = 1

    def b5(self, x):
        return F.pad(super().b5(F.pad(x, (1, 1, 1, 1)))[:, :, 1:-1, 1:-1], (1, 1, 1, 1))


# %% five_padded_by_one_and_cut | fails: test_the_branch_of_five_by_five | hint: A 5x5 kernel needs padding 2 to keep the size; here all branches are cut to what padding 1 leaves.
class Inception(_Inception):
    pad5 = 1

    def join(self, parts):
        rows, columns = parts[2].shape[2:]
        return torch.cat([part[:, :, :rows, :columns] for part in parts], dim=1)


# %% pool_stride_3 | fails: test_the_branch_that_pools | hint: The pooling has stride 1; by default its stride is the window's size.
class Inception(_Inception):
    def pool(self, x):
        return F.interpolate(F.max_pool2d(x, 3, padding=1), size=x.shape[2:])


# %% pool_of_two | fails: test_the_branch_that_pools | hint: The pooling window is 3x3 with padding 1, not 2x2.
class Inception(_Inception):
    def pool(self, x):
        return F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=-torch.inf), 2, stride=1)


# %% pool_without_padding | fails: test_the_branch_that_pools | hint: Without padding the pooled branch loses a row and a column on each side.
class Inception(_Inception):
    def bp(self, x):
        y = self.project(F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, stride=1))
        return F.pad(y[:, :, 1:-1, 1:-1].relu(), (1, 1, 1, 1))


# %% pool_padded_with_zeros | fails: test_the_branch_that_pools | hint: The border of the max pooling is padded with 0, which is larger than negative pixels.
class Inception(_Inception):
    def pool(self, x):
        return F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, stride=1)


# %% average_pool | fails: test_the_branch_that_pools | hint: The pooled branch takes the largest of 3x3, not the mean.
class Inception(_Inception):
    def pool(self, x):
        return F.avg_pool2d(x, 3, stride=1, padding=1)


# %% no_pool | fails: test_the_branch_that_pools | hint: The last branch has no pooling.
class Inception(_Inception):
    def pool(self, x):
        return x


# %% projected_before_the_pool | fails: test_the_branch_that_pools | hint: First pooling, then the 1x1 convolution.
class Inception(_Inception):
    def bp(self, x):
        return self.pool(self.project(x)).relu()


# %% reductions_without_relu | fails: test_the_branch_of_three_by_three, test_the_branch_of_five_by_five | hint: The reducing 1x1 convolutions have no ReLU.
class Inception(_Inception):
    def reduced(self, z):
        return z


# %% projection_without_relu | fails: test_the_branch_that_pools | hint: The projection after the pooling has no ReLU.
class Inception(_Inception):
    def bp(self, x):
        return self.project(self.pool(x))


# %% one_without_relu | fails: test_the_branch_of_one_pixel | hint: The 1x1 branch has no ReLU.
class Inception(_Inception):
    def b1(self, x):
        return self.one(x)


# %% no_relu_at_the_ends | fails: test_the_branch_of_one_pixel, test_the_branch_of_three_by_three | hint: Every branch ends with a ReLU.
class Inception(_Inception):
    def forward(self, x):
        three = self.three(self.reduce3(x).relu())
        return self.join([self.one(x), three, self.five(self.reduce5(x).relu()), self.project(self.pool(x))])


# %% relu_in_place_on_the_input | fails: test_the_input_is_only_read_and_its_dtype_kept | hint: An in-place ReLU is applied to x itself, which the other branches and the caller still need.
class Inception(_Inception):
    def bp(self, x):
        return self.project(self.pool(F.relu(x, inplace=True))).relu()


# %% one_reduction_for_two | fails: test_the_branch_of_five_by_five | hint: One reduction serves the 3x3 and the 5x5 branch; each has its own.
class Inception(_Inception):
    def b5(self, x):
        z = self.reduce3(x).relu()
        channels = self.five.in_channels
        return self.five(z.repeat(1, channels, 1, 1)[:, :channels]).relu()


# %% one_reduction_only | fails: test_six_convolutions_are_made_in_order | hint: There are two reducing convolutions, one for the 3x3 and one for the 5x5 branch.
class Inception(_Inception):
    def __init__(self, cin, c1, c3r, c3, c5r, c5, cp):
        super().__init__(cin, c1, c3r, c3, c3r, c5, cp)
        self.reduce5 = self.reduce3


# %% not_reduced | fails: test_six_convolutions_are_made_in_order | hint: The reducing 1x1 convolutions are missing.
class Inception(_Inception):
    def __init__(self, cin, c1, c3r, c3, c5r, c5, cp):
        super().__init__(cin, c1, c3r, c3, c5r, c5, cp)
        self.reduce3 = self.reduce5 = nn.Identity()
        self.three, self.five = nn.Conv2d(cin, c3, 3, padding=1), nn.Conv2d(cin, c5, 5, padding=2)


# %% without_bias | fails: test_six_convolutions_are_made_in_order | hint: Every convolution has a bias.
class Inception(_Inception):
    bias = False


# %% three_as_five | fails: test_the_branch_of_five_by_five | hint: The third branch has a 5x5 kernel.
class Inception(_Inception):
    def __init__(self, cin, c1, c3r, c3, c5r, c5, cp):
        super().__init__(cin, c1, c3r, c3, c5r, c5, cp)
        self.five = nn.Conv2d(c5r, c5, 3, padding=1)


# %% reduction_detached | fails: test_the_branch_of_three_by_three | hint: The graph is cut behind the reductions, so that they do not learn.
class Inception(_Inception):
    def reduced(self, z):
        return z.relu().detach()


# %% weights_in_a_list | fails: test_six_convolutions_are_made_in_order | hint: Layers in a plain list are not registered: no optimiser sees their weights.
class Inception(nn.Module):
    def __init__(self, *widths):
        super().__init__()
        self.branches = [_Inception(*widths)]

    def forward(self, x):
        return self.branches[0](x)


# %% made_in_another_order | fails: test_six_convolutions_are_made_in_order | hint: The six convolutions are made in the order of the table, in a branch the reducing one first.
class Inception(Inception):
    def __init__(self, *widths):
        super().__init__(*widths)
        for name, part in list(self._modules.items())[::-1]:
            del self._modules[name]
            self._modules[name] = part


# %% reduced_in_training_only | fails: test_the_branch_of_five_by_five | hint: The ReLU behind the reducing convolution belongs to evaluation, too: it is no matter of training.
class Inception(_Inception):
    def b5(self, x):
        z = self.reduce5(x)
        return self.five(z.relu() if self.training else z).relu()


# %% one_reduction_where_both_are_as_wide | fails: test_six_convolutions_are_made_in_order | hint: c3r and c5r may be equal; there are two reducing convolutions all the same, each with weights of its own.
class Inception(_Inception):
    def __init__(self, cin, c1, c3r, c3, c5r, c5, cp):
        super().__init__(cin, c1, c3r, c3, c5r, c5, cp)
        if c3r == c5r:
            self.reduce5 = self.reduce3


# %% pooled_without_a_graph_in_evaluation | fails: test_the_branch_that_pools | hint: Whoever evaluates may ask for gradients, too: the pooled maps are cut off from x there.
class Inception(_Inception):
    def bp(self, x):
        return super().bp(x if self.training else x.detach())


# %% the_generator_seeded | fails: test_the_input_is_only_read_and_its_dtype_kept | hint: torch.manual_seed changes the global generator: all that is drawn afterwards is the same every time.
class Inception(_Inception):
    def __init__(self, *widths):
        torch.manual_seed(0)
        super().__init__(*widths)


# %% one_projection_where_both_are_as_wide | fails: test_six_convolutions_are_made_in_order | hint: c1 and cp may be equal; the 1x1 convolutions of the first and of the last branch are two all the same.
class Inception(_Inception):
    def __init__(self, cin, c1, c3r, c3, c5r, c5, cp):
        super().__init__(cin, c1, c3r, c3, c5r, c5, cp)
        if c1 == cp:
            self.project = self.one


# %% first_branch_reduces_too | fails: test_six_convolutions_are_made_in_order | hint: c1 and c5r may be equal; the 1x1 convolutions of both branches are two all the same.
class Inception(_Inception):
    def __init__(self, cin, c1, c3r, c3, c5r, c5, cp):
        super().__init__(cin, c1, c3r, c3, c5r, c5, cp)
        if c1 == c5r:
            self.reduce5 = self.one


# %% padded_with_minus_100 | fails: test_the_branch_that_pools | hint: A padded place never wins, however negative x is: max_pool2d with padding, or -inf.
class Inception(_Inception):
    def bp(self, x):
        return self.project(F.max_pool2d(F.pad(x, (1, 1, 1, 1), value=-100.0), 3, stride=1)).relu()
