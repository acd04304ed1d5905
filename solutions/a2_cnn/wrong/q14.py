"""Wrong solutions of question 14: U-Net and segmentation. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _block(n, m):
    return nn.Sequential(
        nn.Conv2d(n, m, 3, padding=1),
        nn.BatchNorm2d(m),
        nn.ReLU(),
        nn.Conv2d(m, m, 3, padding=1),
        nn.BatchNorm2d(m),
        nn.ReLU(),
    )


class _UNet(nn.Module):
    """A right network with parts that the mutants replace."""

    def __init__(self, cin, n_classes, widths):
        super().__init__()
        widths = list(widths)
        self.down = nn.ModuleList([_block(n, m) for n, m in zip([cin, *widths[:-1]], widths, strict=True)])
        self.doubling = nn.ModuleList(
            [nn.ConvTranspose2d(m, n, 2, 2) for n, m in zip(widths, widths[1:], strict=False)]
        )
        self.merge = nn.ModuleList([self.merging(n) for n in widths[:-1]])
        self.last = nn.Conv2d(widths[0], n_classes, 1)

    def merging(self, n):
        return _block(2 * n, n)

    def check(self, x):
        unit = 2 ** len(self.doubling)
        if x.shape[2] % unit or x.shape[3] % unit:
            raise ValueError(f"no multiple of {unit}")

    def pool(self, x, level):
        return F.max_pool2d(x, 2)

    def join(self, upsampled, skip):
        return torch.cat([upsampled, skip], dim=1)

    def up(self, level, x):
        return self.doubling[level](x)

    def forward(self, x):
        self.check(x)
        skips = []
        for level, block in enumerate(self.down):
            x = block(x)
            if level < len(self.doubling):
                skips.append(x)
                x = self.pool(x, level)
        for level in reversed(range(len(self.doubling))):
            x = self.merge[level](self.join(self.up(level, x), skips[level]))
        return self.last(x)


def _train(net, X, M, epochs=2, lr=6e-3):
    """A right training, shorter than the reference's."""
    adam, steps = torch.optim.Adam(net.parameters()), epochs * math.ceil(len(X) / 16)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, lr, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(16):
            adam.zero_grad()
            F.cross_entropy(net(X[rows]), M[rows]).backward()
            adam.step()
            schedule.step()
    return net.eval()


def train_segmenter(X, M, seed):
    """No training: the networks and measures below are told by their own checks, and the audit stays fast."""
    torch.manual_seed(seed)
    return _right["UNet"](1, 5, (2, 3)).eval()


class _Unet(_right["UNet"]):
    """A right U-Net whose blocks the mutants replace."""

    def __init__(self, cin, n_classes, widths):
        super().__init__(cin, n_classes, widths)
        pairs = list(zip(widths, widths[1:], strict=False))
        self.down = nn.ModuleList([self.block(cin, widths[0])] + [self.block(n, m) for n, m in pairs])
        self.merge = nn.ModuleList([self.rising(2 * n, n) for n, _ in pairs])

    def layer(self, n, m):
        return [nn.Conv2d(n, m, 3, padding=1), nn.BatchNorm2d(m), nn.ReLU()]

    def block(self, n, m):
        return nn.Sequential(*self.layer(n, m), *self.layer(m, m))

    rising = block


# %% no_skip | fails: test_fine_detail_comes_through_the_skip, test_all_layers_learn_and_skips_are_concatenated | hint: There are no skips: the way up knows only what the bottom has kept.
class UNet(_UNet):
    def merging(self, n):
        return _block(n, n)

    def join(self, upsampled, skip):
        return upsampled


# %% skip_of_zeros | fails: test_fine_detail_comes_through_the_skip | hint: Something is concatenated, but nothing of the picture comes with it.
class UNet(_UNet):
    def join(self, upsampled, skip):
        return super().join(upsampled, 0 * skip)


# %% skip_added | fails: test_all_layers_learn_and_skips_are_concatenated | hint: The skip is added; concatenate it along the channels.
class UNet(_UNet):
    def merging(self, n):
        return _block(n, n)

    def join(self, upsampled, skip):
        return upsampled + skip


# %% one_skip_only | fails: test_all_layers_learn_and_skips_are_concatenated | hint: Every level but the bottom has a skip; here it is level 0 alone.
class UNet(_UNet):
    def __init__(self, cin, n_classes, widths):
        super().__init__(cin, n_classes, widths)
        for level in range(1, len(self.merge)):
            self.merge[level] = _block(widths[level], widths[level])

    def forward(self, x):
        self.check(x)
        for level, block in enumerate(self.down):
            x = block(x)
            if level == 0:
                skip = x
            if level < len(self.doubling):
                x = self.pool(x, level)
        for level in reversed(range(len(self.doubling))):
            x = self.doubling[level](x)
            x = self.merge[level](x if level else torch.cat([x, skip], dim=1))
        return self.last(x)


# %% pooling_missing_at_one_level | fails: test_the_answer_moves_with_the_picture | hint: One level neither pools nor doubles: there is one size less than widths.
class UNet(_UNet):
    def pool(self, x, level):
        return x if level == 0 else super().pool(x, level)

    def up(self, level, x):
        return super().up(level, x)[:, :, ::2, ::2] if level == 0 else super().up(level, x)


# %% one_pooling_more | fails: test_the_answer_moves_with_the_picture, test_sizes_that_fit_and_sizes_that_do_not | hint: There is one pooling more than len(widths) - 1.
class UNet(_UNet):
    def check(self, x):
        if x.shape[2] % 2 ** (len(self.doubling) + 1) or x.shape[3] % 2 ** (len(self.doubling) + 1):
            raise ValueError("too small")

    def up(self, level, x):
        if level == len(self.doubling) - 1:
            x = F.interpolate(F.max_pool2d(x, 2), scale_factor=2)
        return super().up(level, x)


# %% corners_aligned | fails: test_the_answer_moves_with_the_picture | hint: align_corners=True stretches the maps by a little more than 2, differently at every place.
class UNet(_UNet):
    def up(self, level, x):
        x = super().up(level, x)
        return F.interpolate(x[:, :, ::2, ::2], scale_factor=2, mode="bilinear", align_corners=True)


# %% positions_in_a_dense_layer | fails: test_sizes_that_fit_and_sizes_that_do_not | hint: The network is made for one size of pictures.
class UNet(_UNet):
    def check(self, x):
        super().check(x)
        if x.shape[2] != x.shape[3]:
            raise RuntimeError("squares only")


# %% any_size_cut | fails: test_sizes_that_fit_and_sizes_that_do_not | hint: A size that cannot be halved is cut silently; raise ValueError.
class UNet(_UNet):
    def check(self, x):
        pass

    def join(self, upsampled, skip):
        return super().join(upsampled, skip[:, :, : upsampled.shape[2], : upsampled.shape[3]])


# %% any_size_stretched | fails: test_sizes_that_fit_and_sizes_that_do_not | hint: A size that cannot be halved is stretched silently; raise ValueError.
class UNet(_UNet):
    def check(self, x):
        pass

    def join(self, upsampled, skip):
        return super().join(F.interpolate(upsampled, size=skip.shape[2:]), skip)


# %% another_error | fails: test_sizes_that_fit_and_sizes_that_do_not | hint: Sizes that do not fit end in torch's own error about torch.cat; look first and raise ValueError.
class UNet(_UNet):
    def check(self, x):
        pass


# %% height_only_checked | fails: test_sizes_that_fit_and_sizes_that_do_not | hint: The height is looked at and the width is not.
class UNet(_UNet):
    def check(self, x):
        if x.shape[2] % 2 ** len(self.doubling):
            raise ValueError("height")


# %% even_is_enough | fails: test_sizes_that_fit_and_sizes_that_do_not | hint: An even size can be halved once; it has to be halved len(widths) - 1 times.
class UNet(_UNet):
    def check(self, x):
        if x.shape[2] % 2 or x.shape[3] % 2:
            raise ValueError("odd")


# %% small_answer | fails: test_sizes_that_fit_and_sizes_that_do_not | hint: The logits have to have the height and width of the images.
class UNet(_UNet):
    def forward(self, x):
        return super().forward(x)[:, :, ::2, ::2]


# %% layers_in_a_list | fails: test_all_layers_learn_and_skips_are_concatenated | hint: Layers in a plain list are not registered: no optimiser sees their weights.
class UNet(_UNet):
    def __init__(self, cin, n_classes, widths):
        super().__init__(cin, n_classes, widths)
        merge = list(self.merge)
        del self.merge
        self.merge = merge


# %% skip_detached | fails: test_all_layers_learn_and_skips_are_concatenated | hint: The bottom gets no gradient: what comes from it is detached.
class UNet(_UNet):
    def up(self, level, x):
        return super().up(level, x.detach())


# %% iou_of_each_image | fails: test_mean_iou_values | hint: The mean over images of each image's mIoU; count the pixels of all images together.
def mean_iou(pred, target, n_classes):
    pairs = zip(pred, target, strict=True)
    return sum(_right["mean_iou"](p, t, n_classes) for p, t in pairs) / len(pred)


# %% background_left_out | fails: test_mean_iou_values | hint: Class 0, the background, counts like every other class.
def mean_iou(pred, target, n_classes):
    ious = [
        ((pred == k) & (target == k)).sum() / ((pred == k) | (target == k)).sum().clamp(min=1)
        for k in range(1, n_classes)
    ]
    occurs = [k for k in range(1, n_classes) if ((pred == k) | (target == k)).any()]
    return float(sum(ious)) / max(1, len(occurs))


# %% absent_is_zero | fails: test_mean_iou_with_classes_that_do_not_occur | hint: A class that is in neither counted as 0; leave it out.
def mean_iou(pred, target, n_classes):
    ious = [
        ((pred == k) & (target == k)).sum() / ((pred == k) | (target == k)).sum().clamp(min=1) for k in range(n_classes)
    ]
    return float(sum(ious)) / n_classes


# %% absent_is_one | fails: test_mean_iou_with_classes_that_do_not_occur | hint: A class that is in neither counted as 1; leave it out.
def mean_iou(pred, target, n_classes):
    present = [k for k in range(n_classes) if ((pred == k) | (target == k)).any()]
    return (_right["mean_iou"](pred, target, n_classes) * len(present) + n_classes - len(present)) / n_classes


# %% only_what_is_in_the_target | fails: test_mean_iou_with_classes_that_do_not_occur | hint: A class that was only predicted has IoU 0; it was left out.
def mean_iou(pred, target, n_classes):
    ious = [
        (((pred == k) & (target == k)).sum() / ((pred == k) | (target == k)).sum()).item()
        for k in range(n_classes)
        if (target == k).any()
    ]
    return sum(ious) / len(ious)


# %% zero_by_zero | fails: test_mean_iou_with_classes_that_do_not_occur | hint: A class that is in neither gives 0/0, which is nan.
def mean_iou(pred, target, n_classes):
    ious = [((pred == k) & (target == k)).sum() / ((pred == k) | (target == k)).sum() for k in range(n_classes)]
    return float(sum(ious) / n_classes)


# %% union_counted_twice | fails: test_mean_iou_values | hint: The union is the sum of both counts minus the overlap; the overlap was counted twice.
def mean_iou(pred, target, n_classes):
    ious = []
    for k in range(n_classes):
        p, t = pred == k, target == k
        if (p | t).any():
            ious.append(((p & t).sum() / (p.sum() + t.sum())).item())
    return sum(ious) / len(ious)


# %% dice_for_iou | fails: test_mean_iou_values | hint: This is the Dice coefficient, 2 |A and B| / (|A| + |B|).
def mean_iou(pred, target, n_classes):
    ious = []
    for k in range(n_classes):
        p, t = pred == k, target == k
        if (p | t).any():
            ious.append((2 * (p & t).sum() / (p.sum() + t.sum())).item())
    return sum(ious) / len(ious)


# %% accuracy_for_iou | fails: test_mean_iou_values | hint: This is the share of right pixels, which the background dominates.
def mean_iou(pred, target, n_classes):
    return (pred == target).float().mean().item()


# %% all_classes_in_one | fails: test_mean_iou_values | hint: Overlaps and unions were added over the classes before dividing; the mean is over the classes' IoUs.
def mean_iou(pred, target, n_classes):
    shared = (pred == target).sum().item()
    return shared / (2 * pred.numel() - shared)


# %% share_of_the_target | fails: test_mean_iou_values | hint: The overlap was divided by the target's pixels alone (recall), not by the union.
def mean_iou(pred, target, n_classes):
    ious = []
    for k in range(n_classes):
        p, t = pred == k, target == k
        if (p | t).any():
            ious.append(((p & t).sum() / t.sum().clamp(min=1)).item())
    return sum(ious) / len(ious)


# %% masks_of_other_images | fails: test_hidden_miou_reaches_85_percent | hint: Images and masks were shuffled by two different permutations.
def train_segmenter(X, M, seed):
    torch.manual_seed(seed)
    return _train(UNet(1, 5, (8, 16)), X, M[torch.randperm(len(M))], epochs=1)


# %% few_images | fails: test_hidden_miou_reaches_95_percent | hint: Only a tenth of the images is trained on.
def train_segmenter(X, M, seed):
    torch.manual_seed(seed)
    return _train(UNet(1, 5, (12, 24, 40)), X[:80], M[:80], epochs=10)


# %% without_skips | fails: test_hidden_miou_reaches_95_percent | hint: The network has no skips, and its outlines are as coarse as its bottom.
class _Plain(_UNet):
    def merging(self, n):
        return _block(n, n)

    def join(self, upsampled, skip):
        return upsampled


def train_segmenter(X, M, seed):
    torch.manual_seed(seed)
    return _train(_Plain(1, 5, (8, 16, 24)), X, M, epochs=3)


# %% single_pixels | fails: test_hidden_miou_reaches_85_percent | hint: Each pixel is judged by itself: its brightness does not tell the shape it belongs to.
def train_segmenter(X, M, seed):
    torch.manual_seed(seed)
    return _train(nn.Sequential(nn.Conv2d(1, 16, 1), nn.ReLU(), nn.Conv2d(16, 5, 1)), X, M, epochs=2)


# %% rate_far_too_large | fails: test_hidden_miou_reaches_95_percent | hint: With a learning rate of 3 nothing is learned.
def train_segmenter(X, M, seed):
    torch.manual_seed(seed)
    return _train(UNet(1, 5, (8, 16)), X, M, epochs=1, lr=3.0)


# %% untrained | fails: test_hidden_miou_reaches_85_percent, test_hidden_miou_reaches_95_percent | hint: The network was never trained.
def train_segmenter(X, M, seed):
    torch.manual_seed(seed)
    return UNet(1, 5, (12, 24, 40)).eval()


# %% left_in_training_mode | fails: test_a_picture_is_segmented_the_same_alone_and_among_others | hint: The network is returned in training mode: batch norm uses the batch it is asked about.
def train_segmenter(X, M, seed):
    torch.manual_seed(seed)
    return _train(UNet(1, 5, (8, 16)), X, M, epochs=1).train()


# %% scaled_by_the_batch | fails: test_a_picture_is_segmented_the_same_alone_and_among_others | hint: The images asked about are scaled by their own mean and deviation; use those of the training images.
class _Scaled(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net((x - x.mean()) / x.std())


def train_segmenter(X, M, seed):
    torch.manual_seed(seed)
    return _train(_Scaled(UNet(1, 5, (8, 16))), X, M, epochs=1)


# %% nothing_seeded | fails: test_the_same_seed_gives_the_same_segmenter | hint: The seed is not used: nobody can repeat this training.
def train_segmenter(X, M, seed):
    torch.seed()
    return _train(UNet(1, 5, (8, 16)), X, M, epochs=1)


# %% classes_returned | fails: test_hidden_miou_reaches_85_percent | hint: Logits (n, 5, 12, 12) were asked for, not the classes.
class _Classes(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x).argmax(dim=1)


def train_segmenter(X, M, seed):
    torch.manual_seed(seed)
    return _Classes(UNet(1, 5, (8, 16)).eval())


# "skip before upsampled" is left out: the weights of the next convolution take either order, and nothing else sees it.
# "3x3 at the end", a ReLU that leaks and a mean_iou that is a tensor are accepted.


# %% one_convolution_a_block | fails: test_every_block_has_two_normalised_convolutions | hint: A block has two convolutions, not one.
class UNet(_Unet):
    def block(self, n, m):
        return nn.Sequential(*self.layer(n, m))

    rising = block


# %% not_normalised_on_the_way_up | fails: test_every_block_has_two_normalised_convolutions | hint: The blocks of the way up have batch norms, too.
class UNet(_Unet):
    def rising(self, n, m):
        return nn.Sequential(nn.Conv2d(n, m, 3, padding=1), nn.ReLU(), nn.Conv2d(m, m, 3, padding=1), nn.ReLU())


# %% no_relu_at_the_end_of_a_block | fails: test_every_batch_norm_is_followed_by_a_relu | hint: The second convolution of a block has a ReLU as well.
class UNet(_Unet):
    def block(self, n, m):
        return nn.Sequential(*self.layer(n, m), *self.layer(m, m)[:2])

    rising = block


# %% softmax_over_the_classes | fails: test_the_answers_for_pixels_are_logits | hint: The network ends in a softmax; logits are asked for.
def train_segmenter(X, M, seed):
    return nn.Sequential(_right["train_segmenter"](X, M, seed), nn.Softmax(dim=1)).eval()


# %% seed_of_its_own | fails: test_the_same_seed_gives_the_same_segmenter | hint: The seed is not used: another one gives the same network.
def train_segmenter(X, M, seed):
    return _right["train_segmenter"](X, M, 0)


# %% images_are_centred_in_place | fails: test_the_same_seed_gives_the_same_segmenter | hint: X -= X.mean() changes the caller's images; make new ones.
def train_segmenter(X, M, seed):
    X -= X.mean()
    return _right["train_segmenter"](X, M, seed)


# %% softmax_in_the_network | fails: test_the_answers_for_pixels_are_logits | hint: UNet itself ends in a softmax; its end is the 1x1 convolution.
class UNet(_Unet):
    def forward(self, x):
        return super().forward(x).softmax(dim=1)


# %% logits_cut_off | fails: test_the_answers_for_pixels_are_logits | hint: A ReLU stands behind the 1x1 convolution: logits may be negative.
class UNet(_Unet):
    def forward(self, x):
        return F.relu(super().forward(x))


# %% probability_of_each_class | fails: test_the_answers_for_pixels_are_logits | hint: The network ends in a sigmoid; logits are asked for.
def train_segmenter(X, M, seed):
    return nn.Sequential(_right["train_segmenter"](X, M, seed), nn.Sigmoid()).eval()


# %% one_norm_for_both | fails: test_every_batch_norm_is_followed_by_a_relu | hint: One batch norm stands behind both convolutions of a block; each needs its own, with statistics of its own.
class UNet(_Unet):
    def block(self, n, m):
        first = self.layer(n, m)
        return nn.Sequential(*first, nn.Conv2d(m, m, 3, padding=1), *first[1:])

    rising = block


# %% norms_without_scale | fails: test_every_batch_norm_is_followed_by_a_relu | hint: affine=False: the batch norms have no scale and no shift.
class UNet(_Unet):
    def layer(self, n, m):
        return [nn.Conv2d(n, m, 3, padding=1), nn.BatchNorm2d(m, affine=False), nn.ReLU()]


# %% dropout_in_the_blocks | fails: test_every_block_has_two_normalised_convolutions | hint: A block is convolution, batch norm, ReLU, twice; there is no dropout in it.
class UNet(_Unet):
    def layer(self, n, m):
        return [*super().layer(n, m), nn.Dropout2d(0.1)]


# %% three_convolutions_a_block | fails: test_every_block_has_two_normalised_convolutions | hint: A block has two convolutions, not three.
class UNet(_Unet):
    def block(self, n, m):
        return nn.Sequential(*self.layer(n, m), *self.layer(m, m), *self.layer(m, m))

    rising = block


# %% border_repeated | fails: test_maps_are_halved_doubled_and_handed_across_as_in_the_table | hint: The border is repeated around the maps; padding 1 puts zeros there.
class UNet(_Unet):
    def layer(self, n, m):
        return [nn.Conv2d(n, m, 3, padding=1, padding_mode="replicate"), nn.BatchNorm2d(m), nn.ReLU()]


# %% mean_pooling | fails: test_maps_are_halved_doubled_and_handed_across_as_in_the_table | hint: The maps are halved by the mean of 2x2 places; max pooling is asked for.
class UNet(_UNet):
    def pool(self, x, level):
        return F.avg_pool2d(x, 2)


# %% pooling_of_3x3 | fails: test_maps_are_halved_doubled_and_handed_across_as_in_the_table | hint: The pooling looks at 3x3 places; 2x2 were asked for.
class UNet(_UNet):
    def pool(self, x, level):
        return F.max_pool2d(x, 3, stride=2, padding=1)


# %% halved_by_a_stride | fails: test_maps_are_halved_doubled_and_handed_across_as_in_the_table | hint: The first convolution of a block has stride 2; the maps are halved by 2x2 max pooling.
class UNet(_UNet):
    def __init__(self, cin, n_classes, widths):
        super().__init__(cin, n_classes, widths)
        for block in self.down[1:]:
            block[0].stride = (2, 2)

    def pool(self, x, level):
        return x


# %% bilinear | fails: test_maps_are_halved_doubled_and_handed_across_as_in_the_table | hint: The maps are doubled by a mean of neighbours (bilinear); nearest neighbours or a transposed convolution were asked for.
class UNet(_UNet):
    def up(self, level, x):
        return self.doubling[level](F.interpolate(x, scale_factor=2, mode="bilinear"))

    def __init__(self, cin, n_classes, widths):
        super().__init__(cin, n_classes, widths)
        self.doubling = nn.ModuleList([nn.Conv2d(m, n, 1) for n, m in zip(widths, widths[1:], strict=False)])


# %% overlapping_doubling | fails: test_maps_are_halved_doubled_and_handed_across_as_in_the_table | hint: The transposed convolution has kernel 4 and stride 2; kernel and stride 2 were asked for.
class UNet(_UNet):
    def __init__(self, cin, n_classes, widths):
        super().__init__(cin, n_classes, widths)
        pairs = zip(widths, widths[1:], strict=False)
        self.doubling = nn.ModuleList([nn.ConvTranspose2d(m, n, 4, stride=2, padding=1) for n, m in pairs])


# %% skip_behind_the_pooling | fails: test_maps_are_halved_doubled_and_handed_across_as_in_the_table | hint: The skip is taken behind the pooling and enlarged again; it is the output of the block before it.
class UNet(_UNet):
    def join(self, upsampled, skip):
        return super().join(upsampled, F.interpolate(F.max_pool2d(skip, 2), scale_factor=2))


# %% skip_from_inside_the_block | fails: test_maps_are_halved_doubled_and_handed_across_as_in_the_table | hint: The skip is taken behind the first convolution of the block; it is the output of the whole block.
class UNet(_Unet):
    def forward(self, x):
        unit, inside = 2 ** len(self.doubling), []
        if x.shape[2] % unit or x.shape[3] % unit:
            raise ValueError(f"no multiple of {unit}")
        for block in self.down[:-1]:
            inside.append(block[:3](x))
            x = F.max_pool2d(block[3:](inside[-1]), 2)
        x = self.down[-1](x)
        for level in reversed(range(len(inside))):
            x = self.merge[level](torch.cat([self.doubling[level](x), inside[level]], dim=1))
        return self.classify(x)


# %% skip_before_the_relu | fails: test_maps_are_halved_doubled_and_handed_across_as_in_the_table | hint: The skip is taken before the last ReLU of the block; it is the output of the whole block.
class UNet(_Unet):
    def forward(self, x):
        unit, skips = 2 ** len(self.doubling), []
        if x.shape[2] % unit or x.shape[3] % unit:
            raise ValueError(f"no multiple of {unit}")
        for block in self.down[:-1]:
            skips.append(block[:5](x))
            x = F.max_pool2d(F.relu(skips[-1]), 2)
        x = self.down[-1](x)
        for level in reversed(range(len(skips))):
            x = self.merge[level](torch.cat([self.doubling[level](x), skips[level]], dim=1))
        return self.classify(x)


# %% images_asked_about_are_changed | fails: test_a_picture_is_segmented_the_same_alone_and_among_others | hint: sub_ changes the images that the network is asked about; they are the caller's.
class _Centring(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x.sub_(0.1).add(0.1))


def train_segmenter(X, M, seed):
    return _Centring(_right["train_segmenter"](X, M, seed)).eval()


# %% blocks_by_their_width | fails: test_every_block_has_two_normalised_convolutions | hint: The blocks of the way up are kept by their width: levels of one width share a block. Each level has its own.
class UNet(_Unet):
    def __init__(self, cin, n_classes, widths):
        super().__init__(cin, n_classes, widths)
        own = dict(zip(widths, self.merge, strict=False))
        self.merge = nn.ModuleList([own[n] for n in widths[:-1]])


# %% residual_blocks | fails: test_every_batch_norm_is_followed_by_a_relu | hint: The block adds what its first half gives to what its second half gives; the table has no shortcut.
class _Residual(nn.Module):
    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x):
        x = self.first(x)
        return F.relu(x + self.second(x))


class UNet(_Unet):
    def block(self, n, m):
        return _Residual(nn.Sequential(*self.layer(n, m)), nn.Sequential(*self.layer(m, m)[:2]))

    rising = block


# %% relu_that_leaks | fails: test_every_batch_norm_is_followed_by_a_relu | hint: The activation lets a part of what is below 0 through (leaky ReLU); ReLU is asked for.
class UNet(_Unet):
    def layer(self, n, m):
        return [*super().layer(n, m)[:2], nn.LeakyReLU(0.01)]


# %% three_by_three_at_the_end | fails: test_maps_are_halved_doubled_and_handed_across_as_in_the_table | hint: The last convolution is 3x3; a 1x1 convolution is the end.
class UNet(_UNet):
    def __init__(self, cin, n_classes, widths):
        super().__init__(cin, n_classes, widths)
        self.last = nn.Conv2d(widths[0], n_classes, 3, padding=1)
