"""The functions in PyTorch's own operations, for the derivatives that the library has no function for. Values come
from the library; only slopes are taken from here."""

import torch

# Not looked up later: patch() may have replaced them by then.
from torch import log_softmax as torch_log_softmax
from torch import logsumexp as torch_logsumexp
from torch import softmax as torch_softmax


def over_rows(t, x, dim):
    """A tensor that broadcasts to the shape of the rows, as one that broadcasts to x."""
    return t.reshape((1,) * (x.dim() - 1 - t.dim()) + t.shape).unsqueeze(dim) if x.dim() > 0 else t


def entries(x, dim, causal=None, query_dim=None):
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
        keep = keep & (entries(x, dim)[0] < over_rows(lengths, x, dim))
    if causal is not None or window is not None:
        j, p = entries(x, dim, causal, query_dim)
        left, right = window or (-1, -1)
        if causal is not None:
            keep = keep & (j <= p)
        if left >= 0:
            keep = keep & (j >= p - left)
        if right >= 0:
            keep = keep & (j <= p + right)
    return None if keep.dim() == 0 and mask is None and bias is None else keep.expand(x.shape)


def _up(x, dtype):
    x = x if dtype is None else x.to(dtype)
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _typed(result, x, dtype=None):
    return result.to(dtype or x.dtype)


def _scaled(x, dim, scale=None, scales=None, **_):
    x = x if scale is None else x * scale
    return x if scales is None else x * over_rows(scales, x, dim)


def logits(x, dim, softcap=None, bias=None, slopes=None, causal=None, query_dim=None, **options):
    z = _scaled(x, dim, **options)
    if softcap is not None:
        z = softcap * torch.tanh(z / softcap)
    if bias is not None:
        z = z + bias.masked_fill(bias == -torch.inf, 0)
    if slopes is not None:
        j, p = entries(x, dim, causal, query_dim)
        z = z - over_rows(slopes, x, dim) * (j - p).abs()
    return z


def _to_x(dz, x, dim, softcap=None, **options):
    """The gradient with respect to x, of that with respect to the logits."""
    if softcap is not None:
        dz = dz * (1 - torch.tanh(_scaled(x, dim, **options) / softcap) ** 2)
    return _scaled(dz, dim, **options)


def _place(x, dim):
    return dim % max(x.dim(), 1)


def _masked(x, dim, options, function):
    """function of the logits, with `sinks` behind them, along dim; and what is masked out. Rows without a kept entry
    get zeros there, so that no NaN arises, and are masked out of the result in turn."""
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


def _softmax(x, dim, options):
    y, masked = _masked(x, dim, options, torch_softmax)
    y = y if masked is None else y.masked_fill(masked, 0)
    return y if options.get("sinks") is None else y.narrow(dim, 0, x.size(dim))


def _logsumexp(x, dim, options):
    lse, masked = _masked(x, dim, options, torch_logsumexp)
    return lse if masked is None else lse.masked_fill(masked.all(dim), -torch.inf)


def _where_kept(t, x, dim, options):
    keep = kept(x, dim, **options)
    return t if keep is None else t.masked_fill(~keep, 0)


def softmax(x, dim, dtype=None, **options):
    return _typed(_softmax(_up(x, dtype), _place(x, dim), options), x, dtype)


def softmax_gradient(x, grad, dim, dtype=None, **options):
    z, dim = _up(x, dtype), _place(x, dim)
    dz = _jacobian(_softmax(z, dim, options), _where_kept(grad, z, dim, options), dim)
    return _typed(_to_x(dz, z, dim, **options), x)


def log_softmax(x, dim, dtype=None, **options):
    y, masked = _masked(_up(x, dtype), _place(x, dim), options, torch_log_softmax)
    return _typed(y if masked is None else y.masked_fill(masked, -torch.inf), x, dtype)


def log_softmax_gradient(x, grad, dim, dtype=None, **options):
    z, dim = _up(x, dtype), _place(x, dim)
    grad = _where_kept(grad, z, dim, options)
    dz = grad - _softmax(z, dim, options) * grad.sum(dim, keepdim=True)
    return _typed(_to_x(dz, z, dim, **options), x)


def _joined(x, dims, options):
    """x and the options with all dimensions of a row as one; which one; and the way back."""
    dims = sorted(_place(x, d) for d in dims) or list(range(x.dim())) or [0]
    if len(dims) == 1:
        return x, dims[0], options, lambda t: t
    ends = list(range(x.dim() - len(dims), x.dim()))
    shape = x.movedim(dims, ends).shape
    joined = {
        k: v.expand(x.shape).movedim(dims, ends).flatten(ends[0]) for k, v in options.items() if k in ("mask", "bias")
    }
    back = lambda t: t.reshape(shape).movedim(ends, dims)
    return x.movedim(dims, ends).flatten(ends[0]), ends[0], {**options, **joined}, back


def logsumexp(x, dim, dtype=None, **options):
    z, dim, options, _ = _joined(_up(x, dtype), dim, options)
    return _typed(_logsumexp(z, dim, options), x, dtype)


def logsumexp_gradient(x, grad, dim, dtype=None, **options):
    z, dim, options, back = _joined(_up(x, dtype), dim, options)
    dz = _softmax(z, dim, options) * over_rows(grad, z, dim)
    return _typed(back(_to_x(dz, z, dim, **options)), x)


def _coefficients(log_p, masked, target, weight, ignore_index, dim, smoothing):
    """Those of -log p in each row's loss, and what each row counts in a mean."""
    n = log_p.size(dim)
    if weight is not None:
        weight = weight.to(log_p.dtype)
        across = weight.reshape([n if d == dim else 1 for d in range(log_p.dim())])
    if target.is_floating_point():
        counted = torch.ones_like(log_p.select(dim, 0))
        made = (1 - smoothing) * target + smoothing / n
        made = made if weight is None else made * across
    else:
        counts = target != ignore_index
        labels = target.long().masked_fill(~counts, 0)
        counted = (torch.ones_like(log_p.select(dim, 0)) if weight is None else weight[labels]).masked_fill(~counts, 0)
        made = torch.zeros_like(log_p).scatter(dim, labels.unsqueeze(dim), ((1 - smoothing) * counted).unsqueeze(dim))
        if smoothing != 0:
            made = made + (smoothing / n * counts.unsqueeze(dim) * (1 if weight is None else across)).to(made.dtype)
    return made if masked is None else made.masked_fill(masked, 0), counted


def _reduce(losses, counted, reduction):
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / counted.sum()


def _spread(grad, counted, reduction):
    """The gradient of each row's loss, of that of the reduced one."""
    return (grad / counted.sum() if reduction == "mean" else grad).expand(counted.shape)


def _entropy(x, target, weight, ignore_index, dim, label_smoothing, z_loss, options):
    log_p, masked = _masked(x, dim, options, torch_log_softmax)
    made, counted = _coefficients(log_p, masked, target, weight, ignore_index, dim, label_smoothing)
    log_p = log_p if masked is None else log_p.masked_fill(masked, 0)
    some = torch.ones_like(counted) if target.is_floating_point() else (target != ignore_index).to(counted.dtype)
    lse = _masked(x, dim, options, torch_logsumexp)[0] * some if z_loss != 0 else torch.zeros_like(counted)
    return made, counted, log_p, lse


def cross_entropy(
    x, target, weight, reduction, ignore_index, dim, label_smoothing=0.0, z_loss=0.0, dtype=None, **options
):
    z, dim = _up(x, dtype), _place(x, dim)
    made, counted, log_p, lse = _entropy(z, target, weight, ignore_index, dim, label_smoothing, z_loss, options)
    return _typed(_reduce(z_loss * lse * lse - (made * log_p).sum(dim), counted, reduction), x, dtype)


def cross_entropy_gradient(
    x, grad, target, weight, reduction, ignore_index, dim, label_smoothing=0.0, z_loss=0.0, dtype=None, **options
):
    z, dim = _up(x, dtype), _place(x, dim)
    made, counted, _, lse = _entropy(z, target, weight, ignore_index, dim, label_smoothing, z_loss, options)
    total = made.sum(dim) + 2 * z_loss * lse
    dz = total.unsqueeze(dim) * _softmax(z, dim, options) - made
    dz = dz * _spread(grad, counted, reduction).unsqueeze(dim)
    return _typed(_to_x(dz, z, dim, **options), x)


def nll_loss(x, target, weight, reduction, ignore_index, dim, dtype=None, **_):
    z = _up(x, dtype)
    made, counted = _coefficients(z, None, target, weight, ignore_index, dim, 0)
    return _typed(_reduce(-(made * z).sum(dim), counted, reduction), x, dtype)


def nll_loss_gradient(x, grad, target, weight, reduction, ignore_index, dim, dtype=None, **_):
    made, counted = _coefficients(_up(x, dtype), None, target, weight, ignore_index, dim, 0)
    return _typed(-made * _spread(grad, counted, reduction).unsqueeze(dim), x)


def _jacobian(y, v, dim):
    return y * (v - (y * v).sum(dim, keepdim=True))


def softmax_backward(y, grad, dim, dtype=None, **linear):
    dim = _place(y, dim)
    return _typed(_scaled(_jacobian(y, _where_kept(grad, y, dim, linear), dim), dim, **linear), y, dtype)


def softmax_double_backward(y, grad, ddx, dim, dtype=None, **linear):
    dim = _place(y, dim)
    grad, ddx = _where_kept(grad, y, dim, linear), _where_kept(ddx, y, dim, linear)
    s, t = (y * grad).sum(dim, keepdim=True), (y * ddx).sum(dim, keepdim=True)
    both = ddx * (grad - s) - grad * t, y * (ddx - t)
    return tuple(_typed(_scaled(g, dim, **linear), y, dtype) for g in both)


def log_softmax_backward(y, grad, dim, dtype=None, **linear):
    dim = _place(y, dim)
    grad = _where_kept(grad, y, dim, linear)
    return _typed(_scaled(grad - y.exp() * grad.sum(dim, keepdim=True), dim, **linear), y, dtype)


def log_softmax_jvp(y, v, dim, dtype=None, **linear):
    dim = _place(y, dim)
    v = _where_kept(v, y, dim, linear)
    jv = _where_kept(v - (y.exp() * v).sum(dim, keepdim=True), y, dim, linear)
    return _typed(_scaled(jv, dim, **linear), y, dtype)
