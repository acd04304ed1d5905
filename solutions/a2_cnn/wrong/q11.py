"""Wrong solutions of question 11: boxes. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
def _iou(a, b, low=torch.maximum, high=torch.minimum, extra=0, clip=True, subtract=True, safe=True):
    """A right box_iou with parts that the mutants replace."""
    size = high(a[:, None, 2:], b[None, :, 2:]) - low(a[:, None, :2], b[None, :, :2]) + extra
    shared = (size.clamp(min=0) if clip else size).prod(dim=2)
    areas = [(t[:, 2:] - t[:, :2] + extra).prod(dim=1) for t in (a, b)]
    union = areas[0][:, None] + areas[1][None, :] - (shared if subtract else 0)
    return shared / (torch.where(union > 0, union, torch.ones_like(union)) if safe else union)


def _nms(boxes, scores, thr, order=None, drop=None, overlap=None, everyone=False):
    """A right nms with parts that the mutants replace."""
    table = (overlap or box_iou)(boxes, boxes)
    kept, seen = [], []
    for i in (torch.argsort(scores, descending=True, stable=True) if order is None else order).tolist():
        against = seen if everyone else kept
        if not any((drop or (lambda v: v > thr))(table[i, j]) for j in against):
            kept.append(i)
        seen.append(i)
    return torch.tensor(kept, dtype=torch.int64, device=boxes.device)


def _pool(feat, rois, out, bins=None, reduce=lambda cut: cut.amax(dim=(1, 2)), corners=lambda box: box):
    """A right roi_max_pool with parts that the mutants replace."""

    def usual(first, last, n):
        L = last - first + 1
        return [slice(first + i * L // n, first + -(-(i + 1) * L // n)) for i in range(n)]

    pooled = []
    for box in rois.tolist():
        x1, y1, x2, y2 = corners(box)
        rows, columns = ((bins or usual)(*ends) for ends in ((y1, y2, out[0]), (x1, x2, out[1])))
        cuts = [feat[:, r, c] for r in rows for c in columns]
        pooled.append(
            torch.stack([reduce(cut) if cut.numel() else feat.new_full((len(feat),), -torch.inf) for cut in cuts])
        )
    return torch.stack(pooled).reshape(len(rois), *out, len(feat)).permute(0, 3, 1, 2)


# %% negative_sides_multiplied | fails: test_iou_values, test_iou_of_touching_nested_and_empty_boxes | hint: Boxes far apart in x and in y have two negative sides, and their product is positive; clip them at 0.
def box_iou(a, b):
    return _iou(a, b, clip=False)


# %% area_clipped_and_not_the_sides | fails: test_iou_values | hint: Clip the sides of the overlap at 0, not their product: minus times minus is plus.
def box_iou(a, b):
    size = torch.minimum(a[:, None, 2:], b[None, :, 2:]) - torch.maximum(a[:, None, :2], b[None, :, :2])
    shared = size.prod(dim=2).clamp(min=0)
    area = [(t[:, 2:] - t[:, :2]).prod(dim=1) for t in (a, b)]
    union = area[0][:, None] + area[1] - shared
    return shared / torch.where(union > 0, union, torch.ones_like(union))


# %% overlap_counted_twice | fails: test_iou_values, test_iou_of_touching_nested_and_empty_boxes | hint: In the union the overlap is counted twice; subtract it once.
def box_iou(a, b):
    return _iou(a, b, subtract=False)


# %% one_pixel_added | fails: test_iou_values | hint: These boxes are real intervals: a side is x2 - x1, without + 1.
def box_iou(a, b):
    return _iou(a, b, extra=1)


# %% union_box_for_overlap | fails: test_iou_values | hint: The overlap begins at the larger of the left ends and ends at the smaller of the right ones; here it is the other way round.
def box_iou(a, b):
    return _iou(a, b, low=torch.minimum, high=torch.maximum)


# %% width_and_height_read | fails: test_iou_values | hint: The boxes are read as x, y, width, height; they are corners.
def box_iou(a, b):
    return _iou(*(torch.cat([t[:, :2], t[:, :2] + t[:, 2:]], dim=1) for t in (a, b)))


# %% zero_by_zero | fails: test_iou_of_touching_nested_and_empty_boxes | hint: Two boxes without area give 0/0, which is nan; their IoU is 0.
def box_iou(a, b):
    return _iou(a, b, safe=False)


# %% epsilon_in_the_union | fails: test_iou_values, test_iou_is_symmetric_and_free_of_place_and_scale | hint: A number added to the union changes every IoU; treat the union 0 alone.
def box_iou(a, b):
    return _iou(a, b) * 0.9999


# %% transposed_table | fails: test_iou_values, test_iou_is_symmetric_and_free_of_place_and_scale | hint: The table is transposed: row i belongs to box i of a.
def box_iou(a, b):
    return _iou(b, a)


# %% pairs_only | fails: test_iou_values | hint: Only box i of a with box i of b was looked at; every box of a meets every box of b.
def box_iou(a, b):
    n = min(len(a), len(b))
    return torch.diag(torch.diagonal(_iou(a[:n], b[:n])))


# %% over_the_smaller_box | fails: test_iou_values | hint: The overlap is divided by the smaller area, not by the union.
def box_iou(a, b):
    area = [(t[:, 2:] - t[:, :2]).prod(dim=1) for t in (a, b)]
    union = area[0][:, None] + area[1]
    shared = _iou(a, b) * union / (1 + _iou(a, b))
    smaller = torch.minimum(area[0][:, None], area[1][None, :])
    return shared / torch.where(smaller > 0, smaller, torch.ones_like(smaller))


# %% only_in_x | fails: test_iou_values | hint: Only the overlap in x was taken.
def box_iou(a, b):
    flat = [torch.stack([t[:, 0], 0 * t[:, 0], t[:, 2], 0 * t[:, 0] + 1], dim=1) for t in (a, b)]
    return _iou(*flat)


# %% iou_without_graph | fails: test_gradient_of_iou | hint: The way through numbers or detached arrays has no gradient.
def box_iou(a, b):
    return _iou(a.detach(), b.detach()) + 0 * a.sum() + 0 * b.sum()


# %% worst_first | fails: test_nms_keeps_the_right_boxes | hint: The boxes were visited from the lowest score on.
def nms(boxes, scores, thr):
    return _nms(boxes, scores, thr, order=torch.argsort(scores, stable=True))


# %% dropped_when_equal | fails: test_nms_at_the_threshold_with_ties_and_without_boxes | hint: A box whose IoU is exactly thr is kept.
def nms(boxes, scores, thr):
    return _nms(boxes, scores, thr, drop=lambda v: v >= thr)


# %% dropped_boxes_suppress | fails: test_nms_keeps_the_right_boxes, test_chains_and_a_second_round_of_nms | hint: A box that was dropped still suppresses others; only kept boxes do.
def nms(boxes, scores, thr):
    return _nms(boxes, scores, thr, everyone=True)


# %% only_against_the_last_kept | fails: test_nms_keeps_the_right_boxes | hint: A box is compared with the last kept box only; any kept box can suppress it.
def nms(boxes, scores, thr):
    table, kept = box_iou(boxes, boxes), []
    for i in torch.argsort(scores, descending=True, stable=True).tolist():
        if not kept or table[i, kept[-1]] <= thr:
            kept.append(i)
    return torch.tensor(kept, dtype=torch.int64)


# %% sorted_by_index | fails: test_nms_keeps_the_right_boxes | hint: The answer is sorted by index; the best score comes first.
def nms(boxes, scores, thr):
    return _nms(boxes, scores, thr).sort().values


# %% boxes_returned | fails: test_shapes_and_dtypes_follow_the_table_and_nothing_is_changed | hint: Indices were asked for, not the boxes themselves.
def nms(boxes, scores, thr):
    return boxes[_nms(boxes, scores, thr)]


# %% mask_returned | fails: test_nms_keeps_the_right_boxes | hint: Indices were asked for, not a mask of the kept boxes.
def nms(boxes, scores, thr):
    mask = torch.zeros(len(boxes), dtype=torch.bool)
    mask[_nms(boxes, scores, thr)] = True
    return mask


# %% places_in_the_order_returned | fails: test_nms_keeps_the_right_boxes | hint: These are places in the sorted order; the indices of the boxes as they came were asked for.
def nms(boxes, scores, thr):
    order = torch.argsort(scores, descending=True, stable=True)
    return _nms(boxes[order], scores[order], thr)


# %% ties_from_behind | fails: test_nms_at_the_threshold_with_ties_and_without_boxes | hint: Of equal scores the lower index comes first.
def nms(boxes, scores, thr):
    return _nms(boxes, scores, thr, order=torch.argsort(scores, stable=True).flip(0))


# %% each_axis_alone | fails: test_nms_keeps_the_right_boxes | hint: A box was dropped when it overlaps along x or along y; IoU is about areas.
def nms(boxes, scores, thr):
    def overlap(a, b):
        x, y = ([0, 2], [1, 3])
        unit = [
            _iou(*(torch.stack([t[:, i], 0 * t[:, i], t[:, j], 0 * t[:, i] + 1], dim=1) for t in (a, b)))
            for i, j in (x, y)
        ]
        return torch.maximum(*unit)

    return _nms(boxes, scores, thr, overlap=overlap)


# %% one_is_always_there | fails: test_nms_at_the_threshold_with_ties_and_without_boxes | hint: Without boxes nothing is kept, and that is no error.
def nms(boxes, scores, thr):
    best = int(scores.argmax())
    return torch.cat([torch.tensor([best]), (kept := _nms(boxes, scores, thr))[kept != best]])


# %% threshold_fixed | fails: test_nms_keeps_the_right_boxes | hint: thr is not used.
def nms(boxes, scores, thr):
    return _nms(boxes, scores, 0.5)


# %% bins_floor_floor | fails: test_roi_values, test_roi_smaller_than_the_bins | hint: A bin ends at the ceiling of (i + 1) L / h; with the floor, pixels and whole bins go missing.
def roi_max_pool(feat, rois, out):
    def bins(first, last, n):
        L = last - first + 1
        return [slice(first + i * L // n, first + (i + 1) * L // n) for i in range(n)]

    return _pool(feat, rois, out, bins)


# %% bins_rounded | fails: test_roi_values, test_roi_smaller_than_the_bins | hint: The ends of the bins are rounded; they are a floor and a ceiling.
def roi_max_pool(feat, rois, out):
    def bins(first, last, n):
        L = last - first + 1
        return [slice(first + round(i * L / n), first + round((i + 1) * L / n)) for i in range(n)]

    return _pool(feat, rois, out, bins)


# %% bins_of_one_size | fails: test_roi_values | hint: All bins have the same rounded-up size here, so that the last ones reach beyond the box or get nothing.
def roi_max_pool(feat, rois, out):
    def bins(first, last, n):
        size = -(-(last - first + 1) // n)
        starts = [min(first + i * size, last) for i in range(n)]
        return [slice(s, min(s + size, last + 1)) for s in starts]

    return _pool(feat, rois, out, bins)


# %% end_excluded | fails: test_roi_values, test_roi_smaller_than_the_bins | hint: The last row and column of a box belong to it.
def roi_max_pool(feat, rois, out):
    return _pool(
        feat, rois, out, corners=lambda box: (box[0], box[1], max(box[0], box[2] - 1), max(box[1], box[3] - 1))
    )


# %% rows_for_columns | fails: test_roi_values | hint: x counts columns and y counts rows; they are swapped.
def roi_max_pool(feat, rois, out):
    side = max(feat.shape[1:])
    wide = F.pad(feat, (0, side - feat.shape[2], 0, side - feat.shape[1]), value=-1e3)
    return _pool(wide, rois, out, corners=lambda box: (box[1], box[0], box[3], box[2]))


# %% grid_transposed | fails: test_roi_values | hint: out is (rows, columns) of bins; they are swapped.
def roi_max_pool(feat, rois, out):
    return _pool(feat, rois, (out[1], out[0])).reshape(len(rois), len(feat), *out)


# %% mean_of_the_bins | fails: test_roi_values, test_gradient_of_roi_max_pool | hint: The largest value of a bin was asked for, not the mean.
def roi_max_pool(feat, rois, out):
    return _pool(feat, rois, out, reduce=lambda cut: cut.mean(dim=(1, 2)))


# %% largest_over_the_channels | fails: test_roi_values | hint: Each channel has its own maximum.
def roi_max_pool(feat, rois, out):
    return _pool(feat, rois, out, reduce=lambda cut: cut.amax().expand(len(feat)))


# %% channels_before_boxes | fails: test_roi_values | hint: The first axis is the box, the second the channel.
def roi_max_pool(feat, rois, out):
    return _pool(feat, rois, out).transpose(0, 1)


# %% at_least_zero | fails: test_roi_smaller_than_the_bins, test_roi_values | hint: The maximum begins at 0, but all pixels may be negative.
def roi_max_pool(feat, rois, out):
    return _pool(feat, rois, out).clamp(min=0)


# %% first_box_only | fails: test_roi_values | hint: Every box gets the values of the first one.
def roi_max_pool(feat, rois, out):
    return _pool(feat, rois[:1].expand(len(rois), 4), out)


# %% pool_without_graph | fails: test_gradient_of_roi_max_pool | hint: The way through numbers or detached arrays has no gradient.
def roi_max_pool(feat, rois, out):
    return _pool(feat.detach(), rois, out) + 0 * feat.sum()


# %% gradient_overwritten | fails: test_gradient_of_roi_max_pool | hint: A pixel that is the largest of two bins gets the sum of both gradients.
def roi_max_pool(feat, rois, out):
    value = _pool(feat, rois[:1], out)
    return torch.cat([value, _pool(feat.detach(), rois[1:], out)]) if len(rois) > 1 else value


# %% nan_hidden_by_where | fails: test_gradient_of_iou_for_boxes_without_area | hint: where() takes 0 in place of 0/0, but the gradient of 0/0 is nan all the same.
def box_iou(a, b):
    low, high = torch.maximum(a[:, None, :2], b[None, :, :2]), torch.minimum(a[:, None, 2:], b[None, :, 2:])
    both = (high - low).clamp(min=0).prod(dim=2)
    union = (a[:, 2:] - a[:, :2]).prod(dim=1)[:, None] + (b[:, 2:] - b[:, :2]).prod(dim=1)[None] - both
    return torch.where(union > 0, both / union, torch.zeros_like(both))


# %% millionth_in_the_union | fails: test_iou_values | hint: A millionth added to the union changes every IoU, and that of small boxes most; only a union of 0 has to be looked after.
def box_iou(a, b):
    size = torch.minimum(a[:, None, 2:], b[None, :, 2:]) - torch.maximum(a[:, None, :2], b[None, :, :2])
    shared = size.clamp(min=0).prod(dim=2)
    areas = [(t[:, 2:] - t[:, :2]).prod(dim=1) for t in (a, b)]
    return shared / (areas[0][:, None] + areas[1] - shared + 1e-6)


# %% iou_in_single_precision | fails: test_iou_values | hint: float64 boxes were calculated with in float32: half of the digits are gone.
def box_iou(a, b):
    return _right["box_iou"](a.float(), b.float()).to(a.dtype)


# %% nms_in_single_precision | fails: test_nms_keeps_the_right_boxes | hint: At 1e8 neighbours in float32 are 8 apart: nms takes the boxes as they are.
def nms(boxes, scores, thr):
    return _right["nms"](boxes.float(), scores, thr)


# %% scores_in_single_precision | fails: test_nms_at_the_threshold_with_ties_and_without_boxes | hint: Scores of float64 that differ in the twelfth digit are not equal: compare them as they are.
def nms(boxes, scores, thr):
    return _right["nms"](boxes, scores.float(), thr)


# %% overlap_in_single_precision | fails: test_nms_at_the_threshold_with_ties_and_without_boxes | hint: An IoU of float64 was rounded to float32 before it was compared with thr.
def nms(boxes, scores, thr):
    return _nms(boxes, scores, thr, overlap=lambda a, b: box_iou(a, b).float().double())


# %% until_the_scores_are_used_up | fails: test_nms_keeps_the_right_boxes | hint: Scores may be negative: a score of -1 is no mark for a box that is done with.
def nms(boxes, scores, thr):
    kept = _right["nms"](boxes, scores, thr)
    return kept[scores[kept] > -1]


# %% bins_by_a_rounded_height | fails: test_roi_values | hint: 11 * (25 / 11) is a little more than 25, and rounded up 26: calculate (i + 1) * L / h with integers.
def roi_max_pool(feat, rois, out):
    def bins(first, last, n):
        size = (last - first + 1) / n
        return [slice(first + math.floor(i * size), first + math.ceil((i + 1) * size)) for i in range(n)]

    return _pool(feat, rois, out, bins)


# %% at_least_minus_10000 | fails: test_roi_smaller_than_the_bins | hint: The largest value of a bin may be as small as it likes: begin with -inf, or with a pixel of the bin.
def roi_max_pool(feat, rois, out):
    return _right["roi_max_pool"](feat, rois, out).clamp(min=-1e4)


# %% squashed_scores | fails: test_nms_at_the_threshold_with_ties_and_without_boxes | hint: sigmoid keeps the order on paper, but large scores all become 1 (or 0): sort the scores as they are.
def nms(boxes, scores, thr):
    return _nms(boxes, torch.sigmoid(scores), thr)


# %% scores_through_a_softmax | fails: test_nms_at_the_threshold_with_ties_and_without_boxes | hint: softmax keeps the order on paper, but all scores far below the largest become 0: sort the scores as they are.
def nms(boxes, scores, thr):
    return _nms(boxes, torch.softmax(scores, dim=0), thr)


# %% crossed_out_with_minus_a_million | fails: test_nms_at_the_threshold_with_ties_and_without_boxes | hint: No score is so bad that nobody has it: cross boxes out with a mask, not with a score of -1e6.
def nms(boxes, scores, thr):
    order = torch.argsort(scores, descending=True, stable=True)
    return _nms(boxes, scores, thr, order=order[scores[order] > -1e6])
