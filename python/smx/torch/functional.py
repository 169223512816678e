"""torch.nn.functional's functions, with its signatures; keywords that it lacks come after them (options.py)."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import _reduction
from torch.nn.functional import _get_softmax_dim  # type: ignore[attr-defined,unused-ignore]

from smx import _core
from smx.torch.autograd import CrossEntropyOfLabels, call, without_options
from smx.torch.calling import direct, ordinary
from smx.torch.operators import autocast, of_labels
from smx.torch.options import from_keywords


#: Those that torch.nn.functional has.
OF_PYTORCH = ("softmax", "log_softmax", "softmin", "cross_entropy", "nll_loss")


def _rowwise(name, input, dim, stacklevel, dtype, options):
    if dim is None:
        dim = _get_softmax_dim(name, input.dim(), stacklevel + 1)
    named = from_keywords(name, options)
    if name == "softmin":
        name = "softmax"
        named["scale"] = -named.get("scale", 1)
        if "scales" in named:
            named["scales"] = -named["scales"]
            del named["scale"]
    if dtype is not None:
        if not input.is_floating_point():
            input = input.to(dtype)
        named["dtype"] = dtype
    return call(name, x=input, dim=dim, **named)


def _plain(name):
    """A call without options, with an ordinary tensor: straight to the extension."""
    function, differentiable = getattr(_core, name), without_options(name)

    def plain(input, dim):
        if not input.requires_grad:
            return function(input, dim)
        if torch.is_grad_enabled():
            return differentiable(input, dim)
        return function(input.detach(), dim)

    return plain


_softmax, _log_softmax = _plain("softmax"), _plain("log_softmax")


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: torch.dtype | None = None, **options: Any
) -> Tensor:
    """torch.nn.functional.softmax; options as smx.softmax has them."""
    if dim is not None and dtype is None and not options and direct(input):
        return _softmax(input, dim)
    return _rowwise("softmax", input, dim, _stacklevel, dtype, options)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: torch.dtype | None = None, **options: Any
) -> Tensor:
    """torch.nn.functional.log_softmax; options as smx.log_softmax has them."""
    if dim is not None and dtype is None and not options and direct(input):
        return _log_softmax(input, dim)
    return _rowwise("log_softmax", input, dim, _stacklevel, dtype, options)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: torch.dtype | None = None, **options: Any
) -> Tensor:
    """torch.nn.functional.softmin: softmax of -input, as a scale of -1."""
    return _rowwise("softmin", input, dim, _stacklevel, dtype, options)


def logsumexp(input: Tensor, dim: int | Sequence[int], keepdim: bool = False, **options: Any) -> Tensor:
    """torch.logsumexp; options as smx.logsumexp has them."""
    if not input.is_floating_point():
        input = input.to(torch.get_default_dtype())
    dims = [dim] if isinstance(dim, int) else list(dim)
    lse = call("logsumexp", x=input, dim=dims, **from_keywords("logsumexp", options))
    if keepdim and input.dim() > 0:
        for d in sorted(d % input.dim() for d in dims or range(input.dim())):
            lse = lse.unsqueeze(d)
    return lse


def _loss(name, input, target, weight, size_average, ignore_index, reduce, reduction, named):
    if size_average is not None or reduce is not None:
        reduction = _reduction.legacy_get_string(size_average, reduce)
    if input.dim() == 0:
        raise ValueError(f"smx.torch.{name}: input has no dimensions, of which one must be that of the classes")
    if weight is not None and weight.dtype != input.dtype:
        raise TypeError(f"smx.torch.{name}: weight is {weight.dtype}, but input {input.dtype}")
    dim = 1 if input.dim() > 1 else 0
    named = {"weight": weight, "reduction": reduction, "ignore_index": ignore_index, "dim": dim, **named}
    if torch.is_autocast_enabled("cpu"):
        named = autocast(input, named)
    return call(name, x=input, target=target, **named)


def _plain_labels(input, target):
    """Whether these are logits and labels that the extension takes as they are, for a loss of the logits' type."""
    return (
        direct(input)
        and ordinary(target)
        and not target.is_floating_point()
        and input.dim() > 0
        and not torch.is_autocast_enabled("cpu")
    )


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    *,
    z_loss: float = 0.0,
    **options: Any,
) -> Tensor:
    """torch.nn.functional.cross_entropy; z_loss and options as smx.cross_entropy has them. Of labels, any integers will
    do; gradients of a target of probabilities count."""
    if weight is None and size_average is None and reduce is None and not options and _plain_labels(input, target):
        plain = {
            "dim": 1 if input.dim() > 1 else 0,
            "reduction": reduction,
            "ignore_index": ignore_index,
            "label_smoothing": label_smoothing,
            "z_loss": z_loss,
        }
        if not input.requires_grad:
            return of_labels(input, target, **plain)
        if reduction != "none" and torch.is_grad_enabled():
            return CrossEntropyOfLabels.apply(input, target, plain)  # type: ignore[attr-defined,unused-ignore]
    named = from_keywords("cross_entropy", options) if options else {}
    named["label_smoothing"], named["z_loss"] = label_smoothing, z_loss
    return _loss("cross_entropy", input, target, weight, size_average, ignore_index, reduce, reduction, named)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """torch.nn.functional.nll_loss."""
    return _loss("nll_loss", input, target, weight, size_average, ignore_index, reduce, reduction, {})
