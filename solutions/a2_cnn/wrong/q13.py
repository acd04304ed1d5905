"""Wrong solutions of question 13: wandering digits. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _net(widths=(12, 24, 48), squash=nn.ReLU, head=None):
    """A right network with parts that the mutants replace."""
    layers, maps = [], 1
    for width in widths:
        layers += [nn.Conv2d(maps, width, 3, padding=1), nn.BatchNorm2d(width), squash(), nn.MaxPool2d(2)]
        maps = width
    return nn.Sequential(*layers[:-1], *(head or [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(maps, 10)]))


def _fit(net, X, y, epochs=5, lr=1e-2, batch=64):
    """A right training, shorter than the reference's."""
    adam, steps = torch.optim.Adam(net.parameters()), epochs * math.ceil(len(X) / batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, lr, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(batch):
            loss = F.cross_entropy(net(X[rows]), y[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
    return net.eval()


class _Around(nn.Module):
    """A network with something before or after it."""

    def __init__(self, net, before=lambda x: x, after=lambda z: z):
        super().__init__()
        self.net, self.before, self.after = net, before, after

    def forward(self, x):
        return self.after(self.net(self.before(x)))


# %% dense_network | fails: test_hidden_accuracy_reaches_80_percent, test_the_network_is_small | hint: A dense network learns every digit anew at every place; share weights with convolutions.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    return _fit(nn.Sequential(nn.Flatten(), nn.Linear(324, 256), nn.ReLU(), nn.Linear(256, 10)), X, y, lr=1e-3)


# %% tiny_windows | fails: test_hidden_accuracy_reaches_80_percent | hint: Without pooling or depth each unit sees 3x3 pixels; a digit has 8x8.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    return _fit(_net(widths=(24,)), X, y, epochs=2)


# %% left_in_training_mode | fails: test_an_image_is_read_the_same_alone_and_among_others | hint: The network is returned in training mode: batch norm uses the batch it is asked about.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    return _fit(_net(), X, y).train()


# %% dropout_left_on | fails: test_an_image_is_read_the_same_alone_and_among_others | hint: Dropout is still on in the network that is returned; call eval().
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    head = [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(48, 10)]
    net = _fit(_net(head=head), X, y, epochs=3)
    net[-2].train()
    return net


# %% labels_shuffled_apart | fails: test_hidden_accuracy_reaches_80_percent | hint: Images and labels were shuffled by two different permutations.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    return _fit(_net(), X, y[torch.randperm(len(y))], epochs=2)


# %% three_hundred_images | fails: test_hidden_accuracy_reaches_80_percent | hint: Only a tenth of the images is trained on.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    return _fit(_net(), X[:300], y[:300], epochs=10)


# %% scaled_by_the_batch | fails: test_an_image_is_read_the_same_alone_and_among_others | hint: The images asked about are scaled by their own mean and deviation; use those of the training images.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    return _fit(_Around(_net(), lambda x: (x - x.mean()) / x.std()), X, y)


# %% rate_far_too_large | fails: test_hidden_accuracy_reaches_80_percent | hint: With a learning rate of 1 nothing is learned.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    return _fit(_net(), X, y, epochs=2, lr=1.0)


# %% rate_far_too_small | fails: test_hidden_accuracy_reaches_80_percent | hint: With a learning rate of 0.00001 the network hardly moves.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    return _fit(_net(), X, y, epochs=2, lr=1e-5)


# %% no_nonlinearity | fails: test_hidden_accuracy_reaches_80_percent | hint: Without ReLU and pooling all layers together are one linear map.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10)]
    layers = [nn.Conv2d(1, 12, 5, padding=2), nn.BatchNorm2d(12), nn.AvgPool2d(2), nn.Conv2d(12, 24, 5), *head]
    return _fit(nn.Sequential(*layers), X, y, epochs=3)


# %% untrained | fails: test_hidden_accuracy_reaches_80_percent, test_hidden_accuracy_reaches_86_percent, test_hidden_accuracy_reaches_90_percent | hint: The network was never trained.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    return _net().eval()


# %% gradients_added_up | fails: test_hidden_accuracy_reaches_90_percent | hint: zero_grad is missing: every step uses the sum of all gradients so far.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    net = _net()
    sgd = torch.optim.SGD(net.parameters(), lr=0.02)
    for _ in range(2):
        for rows in torch.randperm(len(X)).split(64):
            F.cross_entropy(net(X[rows]), y[rows]).backward()
            sgd.step()
    return net.eval()


# %% too_wide | fails: test_the_network_is_small | hint: The network has more than 60 000 parameters.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    return _fit(_net(widths=(16, 64, 128)), X, y, epochs=1)


# %% looks_at_the_middle | fails: test_digits_moved_by_two_pixels_are_read_as_well, test_hidden_accuracy_reaches_86_percent | hint: The border of the canvas is cut off, and digits that stand there with it.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    return _fit(_Around(_net(), lambda x: x[:, :, 5:-5, 5:-5]), X, y, epochs=3)


# %% nothing_seeded | fails: test_the_same_seed_gives_the_same_network | hint: The seed is not used: nobody can repeat this training.
def train_wander(X, y, seed):
    torch.seed()
    return _fit(_net(), X, y, epochs=2)


# %% order_not_seeded | fails: test_the_same_seed_gives_the_same_network | hint: The first weights follow from the seed, but the order of the images does not.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    net = _net()
    torch.seed()
    return _fit(net, X, y, epochs=2)


# %% classes_returned | fails: test_hidden_accuracy_reaches_80_percent | hint: Logits (n, 10) were asked for, not the class.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    return _Around(_fit(_net(), X, y, epochs=1), after=lambda z: z.argmax(dim=1))


# %% a_function_returned | fails: test_hidden_accuracy_reaches_80_percent, test_the_network_is_small | hint: An nn.Module was asked for, not a function.
def train_wander(X, y, seed):
    torch.manual_seed(seed)
    net = _net().eval()
    return lambda x: net(x)


# %% softmax_at_the_end | fails: test_the_answers_are_logits | hint: The network ends in a softmax; logits are asked for.
def train_wander(X, y, seed):
    return nn.Sequential(_right["train_wander"](X, y, seed), nn.Softmax(dim=1)).eval()


# %% seed_of_its_own | fails: test_the_same_seed_gives_the_same_network | hint: The seed is not used: another one gives the same network.
def train_wander(X, y, seed):
    return _right["train_wander"](X, y, 0)


# %% images_are_centred_in_place | fails: test_the_same_seed_gives_the_same_network | hint: X -= X.mean() changes the caller's images; make new ones.
def train_wander(X, y, seed):
    X -= X.mean()
    return _right["train_wander"](X, y, seed)


# %% probability_of_each_class | fails: test_the_answers_are_logits | hint: The network ends in a sigmoid, trained with a binary cross-entropy for each class; logits are asked for.
def train_wander(X, y, seed):
    return nn.Sequential(_right["train_wander"](X, y, seed), nn.Sigmoid()).eval()


# %% images_asked_about_are_changed | fails: test_an_image_is_read_the_same_alone_and_among_others | hint: sub_ changes the images that the network is asked about; they are the caller's.
class _Centring(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x.sub_(0.1).add(0.1))


def train_wander(X, y, seed):
    return _Centring(_right["train_wander"](X, y, seed)).eval()
