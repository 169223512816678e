"""Ranks of torch.distributed that get the bits of one process. What they tell each other are 64-bit integers, of which
they take the largest or the sum: neither depends on how many ranks there are, or on where the cuts are."""

import torch
import torch.distributed as dist
from torch import Tensor

from smx import _core
from smx.torch.exact_sum import ExactSum, array, integers

_REDUCTIONS = {"none": 0, "sum": 1, "mean": 2}


def _matrix(logits):
    return array(logits.reshape(logits.shape[:-1].numel(), logits.shape[-1]))


def _place(classes, group):
    """Where a rank's classes begin, and how many there are on all ranks."""
    counts = [integers(1) for _ in range(dist.get_world_size(group))]
    dist.all_gather(counts, integers(1) + classes, group=group)
    counts = [int(count) for count in counts]
    return sum(counts[: dist.get_rank(group)]), sum(counts)


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, target, named, reduction, vocabulary, batch):
        """Groups are None where rows, or the batch, are whole."""
        x = _matrix(logits)
        rows, classes = x.shape
        first, whole = (0, classes) if vocabulary is None else _place(classes, vocabulary)
        maxima, sums = integers(rows, _core._PART_MAXIMA), integers(rows, _core._PART_SUMS)
        dense = target.is_floating_point()
        given = {
            "targets" if dense else "labels": array(target.reshape(x.shape if dense else -1).to(_like(x, target)))
        }
        given |= {"maxima": maxima.numpy(), "sums": sums.numpy(), "row_n": whole, "first": first, **named}
        given["reduction"] = _REDUCTIONS[reduction]
        for step in "123":
            _core._part(step, x, **given)
            if vocabulary is not None:
                dist.all_reduce(maxima, dist.ReduceOp.MAX, vocabulary)
        _core._part("+", x, **given)
        if vocabulary is not None:
            dist.all_reduce(sums, group=vocabulary)
        result = torch.empty(rows if reduction == "none" else (), dtype=torch.from_numpy(x[:0]).dtype)
        if reduction == "none":
            _core._part("e", x, loss=result.numpy(), **given)
        elif batch is None:
            _core._part("e", x, reduced=result.numpy(), **given)
        else:
            weight, loss = ExactSum(), ExactSum()
            if reduction == "mean":
                _core._part("e", x, weight_sum=weight.words.numpy(), **given)
                weight.all_reduce(batch)
                given["batch_weight"] = weight.words.numpy()
            _core._part("e", x, loss_sum=loss.words.numpy(), **given)
            loss.all_reduce(batch)
            if reduction == "mean":
                _core._exact_sum_ratio(loss.words.numpy(), weight.words.numpy(), result.numpy())
            else:
                _core._exact_sum_value(loss.words.numpy(), result.numpy())
        ctx.save_for_backward(logits, target)  # which autograd then sees changes of
        ctx.given = given
        return result.reshape(logits.shape[:-1] if reduction == "none" else ()).to(logits.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, dloss):
        logits, _ = ctx.saved_tensors
        x = _matrix(logits)
        dx = torch.empty(x.shape, dtype=torch.from_numpy(x[:0]).dtype)
        _core._part("e", x, y=dx.numpy(), dloss=array(dloss.reshape(-1).to(dx.dtype)), **ctx.given)
        return dx.reshape(logits.shape).to(logits.dtype), None, None, None, None, None


def _like(x, target):
    return torch.from_numpy(x[:0]).dtype if target.is_floating_point() else torch.int64


def _cross_entropy(
    logits, target, vocabulary, batch, weight, ignore_index, reduction, label_smoothing, z_loss, softcap, scale
):
    if logits.device.type != "cpu":
        raise TypeError(f"smx.torch: logits are on {logits.device}, and the library computes on the CPU alone")
    if reduction not in _REDUCTIONS:
        raise ValueError(f"smx.torch: reduction is {reduction!r}, neither 'mean', 'sum' nor 'none'")
    numbers = {"smoothing": label_smoothing, "z_loss": z_loss, "softcap": softcap or 0.0, "scale": scale}
    named = {**numbers, "ignore_index": ignore_index, "weights": array(weight)}
    return _CrossEntropy.apply(logits, target, named, reduction, vocabulary, batch)


def vocab_parallel_cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    group: dist.ProcessGroup | None = None,
    batch_group: dist.ProcessGroup | None = None,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    softcap: float | None = None,
    scale: float = 1.0,
) -> Tensor:
    """Cross-entropy of logits whose classes, the last dimension, are cut over the ranks of a group, in their order; any
    rank may have any number of them. Every rank has all rows, and the labels (of all classes) or its part of a dense
    target; `weight` has all classes. With `batch_group`, the rows of its ranks are one batch besides.

    Loss and gradient have the bits of smx.torch.cross_entropy of the whole. Softmax is never gathered: ranks exchange
    28 integers for each row."""
    given = (weight, ignore_index, reduction, label_smoothing, z_loss, softcap, scale)
    return _cross_entropy(logits, target, group or dist.group.WORLD, batch_group, *given)


def data_parallel_cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    group: dist.ProcessGroup | None = None,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    softcap: float | None = None,
    scale: float = 1.0,
) -> Tensor:
    """Cross-entropy of a batch whose rows are spread over the ranks of a group. The loss is that of the whole batch on
    each rank, the gradient its share of the rows': add those of parameters up over ranks, don't average them."""
    given = (weight, ignore_index, reduction, label_smoothing, z_loss, softcap, scale)
    return _cross_entropy(logits, target, None, group or dist.group.WORLD, *given)
