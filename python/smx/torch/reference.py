"""The functions in PyTorch's own operations, for the derivatives that the library has no function for. Values come
from the library; only slopes are taken from here."""

import torch

# Not looked up later: patch() may have replaced them by then.
from torch import log_softmax as torch_log_softmax
from torch import logsumexp as torch_logsumexp
from torch import softmax as torch_softmax
from torch.nn.functional import nll_loss as torch_nll_loss


def over_rows(t, x, dim):
    """A tensor that broadcasts to the shape of the rows, as one that broadcasts to x."""
    return t.reshape((1,) * (x.dim() - 1 - t.dim()) + t.shape).unsqueeze(dim) if x.dim() > 0 else t


def _entries(x, dim, causal=None, query_dim=None):
    """Places of entries and of their queries, each broadcast to x."""
    n = x.size(dim)
    query_dim = (dim - 1 if query_dim is None else query_dim) % x.dim()
    queries = x.size(query_dim)
    along = lambda d, start: (torch.arange(x.size(d)) + start).reshape([-1 if e == d else 1 for e in range(x.dim())])
    return along(dim, 0), along(query_dim, n - queries if causal == "bottom-right" else 0)


def kept(x, dim, mask=None, bias=None, lengths=None, causal=None, window=None, query_dim=None, **_):
    """Which entries all masks keep; None for all of them."""
    keep = torch.ones((), dtype=torch.bool)
    if mask is not None:
        keep = keep & mask.bool()
    if bias is not None:
        keep = keep & (bias != -torch.inf)
    if lengths is not None:
        keep = keep & (_entries(x, dim)[0] < over_rows(lengths, x, dim))
    if causal is not None or window is not None:
        j, p = _entries(x, dim, causal, query_dim)
        left, right = window or (-1, -1)
        if causal is not None:
            keep = keep & (j <= p)
        if left >= 0:
            keep = keep & (j >= p - left)
        if right >= 0:
            keep = keep & (j <= p + right)
    return None if keep.dim() == 0 and mask is None and bias is None else keep.expand(x.shape)


def logits(x, dim, scale=None, scales=None, softcap=None, bias=None, slopes=None, causal=None, query_dim=None, **_):
    z = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    if scale is not None:
        z = z * scale
    if scales is not None:
        z = z * over_rows(scales, x, dim)
    if softcap is not None:
        z = softcap * torch.tanh(z / softcap)
    if bias is not None:
        z = z + bias.masked_fill(bias == -torch.inf, 0)
    if slopes is not None:
        j, p = _entries(x, dim, causal, query_dim)
        z = z - over_rows(slopes, x, dim) * (j - p).abs()
    return z


def _masked(x, dim, dtype, options, function):
    """function of the logits, with `sinks` behind them, along dim; and what is masked out. Rows without a kept entry
    get zeros there, so that no NaN arises, and are masked out of the result in turn."""
    dim = dim % max(x.dim(), 1)
    x = x if dtype is None else x.to(dtype)
    z, keep, sinks = logits(x, dim, **options), kept(x, dim, **options), options.get("sinks")
    if sinks is not None:
        sink = over_rows(sinks, x, dim).expand([1 if d == dim else e for d, e in enumerate(x.shape)]).to(z.dtype)
        keep = torch.ones_like(x, dtype=torch.bool) if keep is None else keep
        z, keep = torch.cat([z, sink], dim), torch.cat([keep, sink != -torch.inf], dim)
    if keep is None:
        return function(z, dim), None
    empty = ~keep.any(dim, keepdim=True)
    z = z.masked_fill(~keep, -torch.inf).masked_fill(empty, 0)
    return function(z, dim), ~keep


def _typed(result, x, dtype):
    return result.to(dtype or x.dtype)


def softmax(x, dim, dtype=None, **options):
    y, masked = _masked(x, dim, dtype, options, torch_softmax)
    y = y if masked is None else y.masked_fill(masked, 0)
    return _typed(y if options.get("sinks") is None else y.narrow(dim, 0, x.size(dim)), x, dtype)


def log_softmax(x, dim, dtype=None, **options):
    y, masked = _masked(x, dim, dtype, options, torch_log_softmax)
    return _typed(y if masked is None else y.masked_fill(masked, -torch.inf), x, dtype)


def logsumexp(x, dim, dtype=None, **options):
    dims = sorted(d % max(x.dim(), 1) for d in dim) or list(range(x.dim())) or [0]
    if len(dims) > 1:  # as one, the last
        ends = list(range(x.dim() - len(dims), x.dim()))
        options |= {k: options[k].expand(x.shape) for k in ("mask", "bias") if options.get(k) is not None}
        options |= {k: options[k].movedim(dims, ends).flatten(ends[0]) for k in ("mask", "bias") if k in options}
        x, dims = x.movedim(dims, ends).flatten(ends[0]), [ends[0]]
    lse, masked = _masked(x, dims[0], dtype, options, torch_logsumexp)
    return _typed(lse if masked is None else lse.masked_fill(masked.all(dims[0]), -torch.inf), x, dtype)


def _reduce(losses, weights, reduction):
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / weights.sum()


def cross_entropy(
    x, target, weight, reduction, ignore_index, dim, label_smoothing=0.0, z_loss=0.0, dtype=None, **options
):
    n, e = x.size(dim) if x.dim() > 0 else 1, label_smoothing
    log_p, masked = _masked(x, dim, dtype, options, torch_log_softmax)
    lost = -log_p if masked is None else (-log_p).masked_fill(masked, 0)
    if weight is not None:
        lost = lost * weight.to(lost.dtype).reshape([-1 if d == dim % x.dim() else 1 for d in range(x.dim())])
    if target.is_floating_point():
        losses = (((1 - e) * target + e / n) * lost).sum(dim)
        counted = torch.ones_like(losses)
    else:
        counts = target != ignore_index
        labels = target.long().masked_fill(~counts, 0)
        losses = (1 - e) * lost.gather(dim, labels.unsqueeze(dim)).squeeze(dim) + e / n * lost.sum(dim)
        losses = losses.masked_fill(~counts, 0)
        counted = (torch.ones_like(losses) if weight is None else weight.to(lost.dtype)[labels]).masked_fill(~counts, 0)
    if z_loss != 0:
        lse = _masked(x, dim, dtype, options, torch_logsumexp)[0]
        square = z_loss * lse * lse
        losses = losses + (square if target.is_floating_point() else square.masked_fill(~counts, 0))
    return _typed(_reduce(losses, counted, reduction), x, dtype)


def nll_loss(x, target, weight, reduction, ignore_index, dim, dtype=None, **_):
    x = x.movedim(dim, 1) if x.dim() > 1 else x
    return _typed(torch_nll_loss(x, target.long(), weight, ignore_index=ignore_index, reduction=reduction), x, dtype)


def _factor(t, y, dim, scale, scales):
    t = t if scale is None else t * scale
    return t if scales is None else t * over_rows(scales, y, dim % max(y.dim(), 1))


def _where_kept(t, y, dim, options):
    keep = kept(y, dim % max(y.dim(), 1), **options)
    return t if keep is None else t.masked_fill(~keep, 0)


def softmax_backward(y, grad, dim, dtype=None, scale=None, scales=None, **masks):
    grad = _where_kept(grad, y, dim, masks)
    return _typed(_factor(y * (grad - (y * grad).sum(dim, keepdim=True)), y, dim, scale, scales), y, dtype)


def softmax_double_backward(y, grad, ddx, dim, dtype=None, scale=None, scales=None, **masks):
    grad, ddx = _where_kept(grad, y, dim, masks), _where_kept(ddx, y, dim, masks)
    s, t = (y * grad).sum(dim, keepdim=True), (y * ddx).sum(dim, keepdim=True)
    gy, gdy = ddx * (grad - s) - grad * t, y * (ddx - t)
    return tuple(_typed(_factor(g, y, dim, scale, scales), y, dtype) for g in (gy, gdy))


def log_softmax_backward(y, grad, dim, dtype=None, scale=None, scales=None, **masks):
    grad = _where_kept(grad, y, dim, masks)
    return _typed(_factor(grad - y.exp() * grad.sum(dim, keepdim=True), y, dim, scale, scales), y, dtype)


def log_softmax_jvp(y, v, dim, dtype=None, scale=None, scales=None, **masks):
    v = _where_kept(v, y, dim, masks)
    jv = _where_kept(v - (y.exp() * v).sum(dim, keepdim=True), y, dim, masks)
    return _typed(_factor(jv, y, dim, scale, scales), y, dtype)
