"""Wrong solutions of question 13: CLIP. Each cell is appended to the reference notebook."""
# ruff: noqa: E501, F811 - a header is one line


# %%
def _scaled(img, txt, scale):
    return scale * F.normalize(img, dim=-1) @ F.normalize(txt, dim=-1).T


def _loss(L):
    return -(L.log_softmax(1).diagonal() + L.log_softmax(0).diagonal()).mean() / 2


# %% not_normalised | fails: test_logits_are_scaled_cosines | hint: The rows were not normalised: a long embedding gets large logits.
def clip_logits(img, txt, log_scale):
    return log_scale.exp().clamp(max=100) * img @ txt.T


# %% one_tower_not_normalised | fails: test_logits_are_scaled_cosines | hint: Both towers are normalised, the captions too.
def clip_logits(img, txt, log_scale):
    return log_scale.exp().clamp(max=100) * F.normalize(img, dim=-1) @ txt.T


# %% normalised_over_the_batch | fails: test_logits_are_scaled_cosines | hint: Each row has a length; here each feature was normalised over the batch (dim=0).
def clip_logits(img, txt, log_scale):
    return log_scale.exp().clamp(max=100) * F.normalize(img, dim=0) @ F.normalize(txt, dim=0).T


# %% normalised_by_the_largest_entry | fails: test_logits_are_scaled_cosines | hint: The length of a row is its Euclidean norm, not its largest entry.
def clip_logits(img, txt, log_scale):
    return (
        log_scale.exp().clamp(max=100) * F.normalize(img, p=math.inf, dim=-1) @ F.normalize(txt, p=math.inf, dim=-1).T
    )


# %% squared_length | fails: test_logits_are_scaled_cosines | hint: Rows were divided by the square of their length: the root is missing.
def clip_logits(img, txt, log_scale):
    u, t = (x / x.square().sum(dim=-1, keepdim=True).clamp(min=1e-24) for x in (img, txt))
    return log_scale.exp().clamp(max=100) * u @ t.T


# %% scale_not_exponentiated | fails: test_logits_are_scaled_cosines | hint: log_scale is a logarithm: the scale is its exponential.
def clip_logits(img, txt, log_scale):
    return _scaled(img, txt, log_scale.clamp(max=100))


# %% temperature_divided | fails: test_logits_are_scaled_cosines | hint: exp(log_scale) multiplies the cosines; dividing by it is the convention of a temperature.
def clip_logits(img, txt, log_scale):
    return _scaled(img, txt, (-log_scale).exp().clamp(max=100))


# %% no_clamp | fails: test_large_scales_and_rows_of_zeros_are_no_problem, test_log_scale_learns_up_to_the_clamp | hint: The scale must not exceed 100.
def clip_logits(img, txt, log_scale):
    return _scaled(img, txt, log_scale.exp())


# %% clamp_on_the_logarithm | fails: test_large_scales_and_rows_of_zeros_are_no_problem, test_log_scale_learns_up_to_the_clamp | hint: It is exp(log_scale) that is at most 100, not log_scale.
def clip_logits(img, txt, log_scale):
    return _scaled(img, txt, log_scale.clamp(max=100).exp())


# %% clamped_at_one_hundredth | fails: test_logits_are_scaled_cosines | hint: 100 is the largest scale, not the smallest.
def clip_logits(img, txt, log_scale):
    return _scaled(img, txt, log_scale.exp().clamp(min=100))


# %% logits_clamped | fails: test_log_scale_learns_up_to_the_clamp | hint: The scale is clamped, not the logits: they lose their gradient elsewhere.
def clip_logits(img, txt, log_scale):
    return _scaled(img, txt, log_scale.exp()).clamp(-100, 100)


# %% scale_detached | fails: test_log_scale_learns_up_to_the_clamp | hint: log_scale is learned: .item(), float() and .detach() cut it off.
def clip_logits(img, txt, log_scale):
    return _scaled(img, txt, min(float(log_scale.exp()), 100.0))


# %% clamped_in_place_of_the_gradient | fails: test_log_scale_learns_up_to_the_clamp | hint: Above the clamp log_scale gets no gradient: clamp the scale, not only its value.
def clip_logits(img, txt, log_scale):
    scale = log_scale.exp()
    return _scaled(img, txt, scale - (scale - scale.clamp(max=100)).detach())


# %% zero_rows_divided | fails: test_large_scales_and_rows_of_zeros_are_no_problem | hint: 0 / 0: a row of zeros has length 0; F.normalize has an eps for it.
def clip_logits(img, txt, log_scale):
    u, t = (x / x.norm(dim=-1, keepdim=True) for x in (img, txt))
    return log_scale.exp().clamp(max=100) * u @ t.T


# %% logits_transposed | fails: test_shapes_and_dtypes_follow_the_table_and_nothing_is_changed | hint: The logits have a row for every picture and a column for every caption.
def clip_logits(img, txt, log_scale):
    return _right["clip_logits"](img, txt, log_scale).T


# %% normalised_in_place | fails: test_shapes_and_dtypes_follow_the_table_and_nothing_is_changed | hint: img /= ... changes the caller's embeddings.
def clip_logits(img, txt, log_scale):
    with torch.no_grad():
        img /= img.norm(dim=-1, keepdim=True)
    return _right["clip_logits"](img, txt, log_scale)


# %% probabilities_returned | fails: test_logits_are_scaled_cosines | hint: clip_logits returns logits: the softmax belongs in the loss.
def clip_logits(img, txt, log_scale):
    return _right["clip_logits"](img, txt, log_scale).softmax(dim=-1)


# %% pictures_pick_captions_only | fails: test_loss_is_the_mean_of_both_directions | hint: Only one direction: captions have to pick their picture too (the columns).
def clip_loss(img, txt, log_scale):
    return -clip_logits(img, txt, log_scale).log_softmax(1).diagonal().mean()


# %% captions_pick_pictures_only | fails: test_loss_is_the_mean_of_both_directions | hint: Only one direction: pictures have to pick their caption too (the rows).
def clip_loss(img, txt, log_scale):
    return -clip_logits(img, txt, log_scale).log_softmax(0).diagonal().mean()


# %% the_same_direction_twice | fails: test_loss_is_the_mean_of_both_directions | hint: The second direction needs the transposed logits; here the rows were used twice.
def clip_loss(img, txt, log_scale):
    L = clip_logits(img, txt, log_scale)
    return -(L.log_softmax(1).diagonal() + L.log_softmax(1).diagonal()).mean() / 2


# %% sum_of_the_directions | fails: test_loss_is_the_mean_of_both_directions | hint: The loss is the mean of the two directions, this is their sum.
def clip_loss(img, txt, log_scale):
    return 2 * _right["clip_loss"](img, txt, log_scale)


# %% sum_over_the_batch | fails: test_loss_is_the_mean_of_both_directions | hint: Each direction is a mean over the B pairs, this is the sum.
def clip_loss(img, txt, log_scale):
    return len(img) * _right["clip_loss"](img, txt, log_scale)


# %% loss_sign | fails: test_loss_is_the_mean_of_both_directions | hint: The loss is minus the log-probability.
def clip_loss(img, txt, log_scale):
    return -_right["clip_loss"](img, txt, log_scale)


# %% everybody_picks_the_first | fails: test_loss_is_the_mean_of_both_directions | hint: Picture i belongs to caption i: the labels are 0, 1, ..., B-1, not all 0.
def clip_loss(img, txt, log_scale):
    L = clip_logits(img, txt, log_scale)
    return -(L.log_softmax(1)[:, 0] + L.log_softmax(0)[0]).mean() / 2


# %% softmax_over_all_pairs | fails: test_loss_is_the_mean_of_both_directions | hint: One softmax over all B x B pairs: each row, and each column, has a softmax of its own.
def clip_loss(img, txt, log_scale):
    L = clip_logits(img, txt, log_scale)
    return -L.flatten().log_softmax(0).view_as(L).diagonal().mean()


# %% diagonal_alone | fails: test_loss_is_the_mean_of_both_directions | hint: The mean of the right logits alone: without a softmax the wrong pairs are not pushed apart.
def clip_loss(img, txt, log_scale):
    return -clip_logits(img, txt, log_scale).diagonal().mean()


# %% probability_instead_of_its_logarithm | fails: test_loss_is_the_mean_of_both_directions | hint: The logarithm of the softmax is missing.
def clip_loss(img, txt, log_scale):
    L = clip_logits(img, txt, log_scale)
    return -(L.softmax(1).diagonal() + L.softmax(0).diagonal()).mean() / 2


# %% overflowing_softmax | fails: test_large_scales_and_rows_of_zeros_are_no_problem | hint: exp(100) is infinite in float32; use log_softmax.
def clip_loss(img, txt, log_scale):
    E = clip_logits(img, txt, log_scale).exp()
    return -((E / E.sum(1, keepdim=True)).log().diagonal() + (E / E.sum(0, keepdim=True)).log().diagonal()).mean() / 2


# %% captions_detached | fails: test_gradients_reach_both_towers | hint: The captions' tower gets no gradient: something is detached.
def clip_loss(img, txt, log_scale):
    return _right["clip_loss"](img, txt.detach(), log_scale)


# %% pictures_detached | fails: test_gradients_reach_both_towers | hint: The pictures' tower gets no gradient: something is detached.
def clip_loss(img, txt, log_scale):
    return _right["clip_loss"](img.detach(), txt, log_scale)


# %% each_direction_trains_one_tower | fails: test_gradients_reach_both_towers | hint: In each direction both towers learn; here the other one is detached.
def clip_loss(img, txt, log_scale):
    rows = clip_logits(img, txt.detach(), log_scale).log_softmax(1).diagonal()
    return -(rows + clip_logits(img.detach(), txt, log_scale).log_softmax(0).diagonal()).mean() / 2


# %% lengths_detached | fails: test_gradients_reach_both_towers | hint: The gradient goes through the normalisation too: the length depends on the embedding.
def clip_logits(img, txt, log_scale):
    u, t = (x / x.detach().norm(dim=-1, keepdim=True).clamp(min=1e-12) for x in (img, txt))
    return log_scale.exp().clamp(max=100) * u @ t.T


# %% cross_entropy_of_torch | fails: test_shapes_and_dtypes_follow_the_table_and_nothing_is_changed | hint: F.cross_entropy is what you are asked to write here.
def clip_loss(img, txt, log_scale):
    L, labels = clip_logits(img, txt, log_scale), torch.arange(len(img), device=img.device)
    return (F.cross_entropy(L, labels) + F.cross_entropy(L.T, labels)) / 2


# %% prompts_averaged_as_they_are | fails: test_zero_shot_normalises_averages_and_normalises | hint: Normalise every prompt before averaging, or a long one outvotes the others.
def zero_shot(img, prompts):
    return (img @ F.normalize(prompts.mean(dim=1), dim=-1).T).argmax(dim=1)


# %% average_not_normalised | fails: test_zero_shot_normalises_averages_and_normalises | hint: The average of unit vectors is shorter than 1; normalise it again.
def zero_shot(img, prompts):
    return (img @ F.normalize(prompts, dim=-1).mean(dim=1).T).argmax(dim=1)


# %% farthest_class | fails: test_zero_shot_normalises_averages_and_normalises | hint: The class with the largest cosine is asked for, not the smallest.
def zero_shot(img, prompts):
    classes = F.normalize(F.normalize(prompts, dim=-1).mean(dim=1), dim=-1)
    return (img @ classes.T).argmin(dim=1)


# %% winner_over_the_pictures | fails: test_zero_shot_normalises_averages_and_normalises | hint: The softmax ran over the pictures: it has to compare the classes of one picture.
def zero_shot(img, prompts):
    classes = F.normalize(F.normalize(prompts, dim=-1).mean(dim=1), dim=-1)
    return (100 * F.normalize(img, dim=-1) @ classes.T).softmax(dim=0).argmax(dim=1)


# %% classes_and_prompts_confused | fails: test_zero_shot_normalises_averages_and_normalises | hint: The average runs over the prompts of a class (axis 1), not over the classes; with C = P nobody complains.
def zero_shot(img, prompts):
    return _right["zero_shot"](img, prompts.transpose(0, 1) if prompts.shape[0] == prompts.shape[1] else prompts)


# %% first_prompt_only | fails: test_zero_shot_normalises_averages_and_normalises | hint: All prompts of a class count, not only the first.
def zero_shot(img, prompts):
    return _right["zero_shot"](img, prompts[:, :1])


# %% best_single_prompt | fails: test_zero_shot_normalises_averages_and_normalises | hint: The prompts of a class are averaged; here the best single prompt decides.
def zero_shot(img, prompts):
    return torch.einsum("bd,cpd->bcp", img, F.normalize(prompts, dim=-1)).amax(dim=2).argmax(dim=1)


# %% nearest_by_distance | fails: test_zero_shot_normalises_averages_and_normalises, test_what_must_not_matter_does_not | hint: Nearest by cosine: the distance between un-normalised embeddings depends on their lengths.
def zero_shot(img, prompts):
    return torch.cdist(img, prompts.mean(dim=1)).argmin(dim=1)


# %% class_without_a_direction | fails: test_large_scales_and_rows_of_zeros_are_no_problem | hint: Prompts that cancel have an average of length 0, and 0 / 0 is nan, which argmax takes for the largest.
def zero_shot(img, prompts):
    classes = F.normalize(prompts, dim=-1).mean(dim=1)
    return (img @ (classes / classes.norm(dim=-1, keepdim=True)).T).argmax(dim=1)


# %% clamped_behind_the_exponential | fails: test_the_gradient_of_an_enormous_log_scale_is_zero | hint: exp(log_scale) is inf before it is clamped: its value is right, its gradient is nan.
def clip_logits(img, txt, log_scale):
    return _scaled(img, txt, log_scale.exp().clamp(max=100))
