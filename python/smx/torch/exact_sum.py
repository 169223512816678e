"""Sums that depend on nothing but what is added."""

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor

from smx import _core
from smx.torch.options import plain


def integers(*shape):
    return torch.zeros(*shape, dtype=torch.int64)


def array(tensor):
    """As the extension takes it: f32, f64 or integers of 64 bits, in C order."""
    if tensor is None:
        return None
    if not tensor.is_floating_point():
        tensor = tensor.long()
    elif tensor.dtype not in (torch.float32, torch.float64):
        tensor = tensor.float()
    return plain(tensor).contiguous().numpy()


class ExactSum:
    """Sums of tensors, element by element, with no error before `value` rounds once: so independent of the order, of
    how the summands were split, and on how many ranks.

    >>> import torch
    >>> total = ExactSum()
    >>> for x in (1e8, 1.0, -1e8):
    ...     total.add(torch.tensor(x))
    >>> total.value()
    tensor(1.)
    """

    def __init__(self, shape: Sequence[int] = ()):
        self.shape = torch.Size(shape)
        self.words = integers(self.shape.numel(), _core._EXACT_SUM_WORDS)

    def add(self, values: Tensor) -> None:
        """Adds a tensor of the shape; or of one with more dimensions before it, over which it is summed."""
        if values.shape[values.dim() - len(self.shape) :] != self.shape:
            raise ValueError(f"smx.torch.ExactSum: values is {tuple(values.shape)}, which does not end by {self.shape}")
        count = values.shape[: values.dim() - len(self.shape)].numel()
        rows = values.reshape(count, self.shape.numel()).t()
        _core._exact_sum_add(self.words.numpy(), array(rows))

    def all_reduce(self, group: dist.ProcessGroup | None = None) -> None:
        """The sum over the ranks of a group, in all of them."""
        dist.all_reduce(self.words, group=group)

    def value(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """The sums, correctly rounded to f32 or f64."""
        result = torch.empty(self.shape.numel(), dtype=dtype)
        _core._exact_sum_value(self.words.numpy(), result.numpy())
        return result.reshape(self.shape)


def summed(values: Tensor, shape: Sequence[int]) -> Tensor:
    """Added up to a shape that broadcasts to that of the values, as gradients of what was broadcast are: exactly."""
    more = values.dim() - len(shape)
    over = [d for d in range(values.dim()) if d < more or (shape[d - more] == 1 and values.shape[d] != 1)]
    if not over:
        return values
    total = ExactSum(shape)
    total.add(values.permute(*over, *(d for d in range(values.dim()) if d not in over)).reshape(-1, *shape))
    return total.value(values.dtype)
