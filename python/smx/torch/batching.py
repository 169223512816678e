"""vmap of the operators. One of rows has rows of one more dimension, the first. A loss that is reduced is done call by
call: its exact sum is the kernel's."""

import torch

from smx.torch.operators import ARGUMENTS, LIBRARY, OPERATORS

_OF_ROWS = ("scales", "lengths", "slopes", "sinks")
_WHOLE = ("x", "y", "v", "ddx")  # of x's shape; all others broadcast


def _shape_like(key, name, target):
    """How many dimensions fewer than x a tensor has."""
    if key in _WHOLE or key in ("mask", "bias"):
        return 0
    if key in _OF_ROWS:
        return 1
    if key == "grad":
        return 1 if name in ("logsumexp_gradient", "cross_entropy_gradient", "nll_loss_gradient") else 0
    return 0 if target.is_floating_point() else 1  # the target


def _front(value, batched, size, ndim, fixed):
    """With the batch as first of ndim + 1 dimensions. What is not batched broadcasts, unless its shape is fixed."""
    if batched is None:
        return value.unsqueeze(0).expand(size, *value.shape) if fixed else value
    value = value.movedim(batched, 0)
    return value.reshape(value.shape[:1] + (1,) * (ndim + 1 - value.dim()) + value.shape[1:])


def _rows(name, size, named, batched):
    first = ARGUMENTS[name][0]
    ndim = named[first].dim() - (batched[first] is not None)
    dims = named["dim"] if isinstance(named["dim"], list) else [named["dim"]]
    rows = len(dims) or ndim
    made = dict(named)
    for key, value in named.items():
        if isinstance(value, torch.Tensor) and key != "weight":
            fewer = _shape_like(key, name, named.get("target"))
            fixed = key in (*_WHOLE, "grad", "target")
            made[key] = _front(value, batched[key], size, ndim - (rows if fewer else 0), fixed)
    dims = [d + 1 if d >= 0 else d for d in dims or range(ndim)]
    made["dim"] = dims if isinstance(named["dim"], list) else dims[0]
    if (made.get("query_dim") or -1) >= 0:
        made["query_dim"] += 1
    return OPERATORS[name](**made)


def _each(name, size, named, batched):
    def at(i):
        take = lambda key, value: value if batched.get(key) is None else value.select(batched[key], i)
        return OPERATORS[name](**{key: take(key, value) for key, value in named.items()})

    return torch.stack([at(i) for i in range(size)])


def _register(name):
    names = ARGUMENTS[name]

    def rule(info, in_dims, *given):
        named, batched = dict(zip(names, given)), dict(zip(names, in_dims))
        first = named[names[0]]
        whole = named.get("reduction", "none") == "none" and batched.get("weight") is None
        # Without a dimension there is no axis to come before.
        scalar = first.dim() == (batched[names[0]] is not None)
        result = (_rows if whole and not scalar else _each)(name, info.batch_size, named, batched)
        return result, tuple(0 for _ in result) if isinstance(result, tuple) else 0

    torch.library.register_vmap(f"smx::{name}", rule, lib=LIBRARY)


for _name in OPERATORS:
    _register(_name)
