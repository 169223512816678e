"""Gradients with respect to tensors beside x: biases, slopes, sinks, scales, dense targets. From the library's
functions, and from its exact sums where something was broadcast; so their bits, too, depend on nothing else."""

import torch

from smx import _core
from smx.torch.exact_sum import summed
from smx.torch.operators import KERNELS, axes
from smx.torch.options import LINEAR, plain, to_extension
from smx.torch.reference import entries, over_rows

_OPTIONS = ("scale", "scales", "mask", "bias", "lengths", "causal", "window", "query_dim", "softcap", "slopes", "sinks")


class _Call:
    """A call that is over, in the arithmetic's type: x is of f32 at least, and so are all results."""

    def __init__(self, name, given, grad):
        self.name, x = name, plain(given["x"])
        wide = torch.promote_types(x.dtype, given.get("dtype") or x.dtype)
        self.x = x.to(torch.promote_types(wide, torch.float32))
        self.grad = plain(grad)
        self.axis = axes(x, given["dim"]) if name == "logsumexp" else given["dim"]
        self.given = {**given, "x": self.x, "dtype": None}
        self.options = to_extension({key: given[key] for key in _OPTIONS if given.get(key) is not None})

    def dx(self):
        return KERNELS[self.name + "_gradient"](**self.given, grad=self.grad)

    def y(self):
        return getattr(_core, "log_softmax" if self.name == "log_softmax" else "softmax")(
            self.x, self.axis, **self.options
        )

    def dz(self):
        """With respect to the logits, masks and all, which a bias is added to."""
        if self.name == "logsumexp":
            dims = range(self.x.dim()) if self.axis is None else self.axis
            shape = [1 if d in {e % self.x.dim() for e in dims} else n for d, n in enumerate(self.x.shape)]
            return self.y() * self.grad.to(self.x.dtype).reshape(shape)
        if self.name == "cross_entropy":
            scale = self.options.get("scale")
            if isinstance(scale, torch.Tensor):
                scale = over_rows(scale, self.x, self.axis % self.x.dim())
            return self.dx() if scale is None else self.dx() / scale
        linear = to_extension({key: self.given[key] for key in LINEAR - {"dim", "scale", "scales"} if key in self.given})
        return getattr(_core, self.name + "_backward")(self.y(), self.grad, self.axis, **linear)


def _scales(call, scales):
    return _core.scale_gradient(call.x, call.dx(), call.axis, **call.options)


def _sinks(call, sinks):
    return _core.sink_gradient(call.x, call.y(), call.grad, call.axis, **call.options)


def _bias(call, bias):
    return call.dz()


def _slopes(call, slopes):
    dim = call.axis % call.x.dim()
    j, p = entries(call.x, dim, call.given.get("causal"), call.given.get("query_dim"))
    return (-(j - p).abs() * call.dz()).movedim(dim, 0)  # a slope is of a row: also its entries are added


def _target(call, target):
    given = {key: value for key, value in call.given.items() if key not in ("x", "target", "dim", "weight", "dtype")}
    named = {"smoothing": given["label_smoothing"], "z_loss": given["z_loss"], "reduction": given["reduction"]}
    if call.given["weight"] is not None:
        named["class_weights"] = plain(call.given["weight"])
    return _core.cross_entropy(
        call.x, None, call.axis, targets=plain(target), dloss=call.grad, returns="dtargets", **named, **call.options
    )


_FOR = {
    "softmax": {"scales": _scales, "sinks": _sinks, "bias": _bias, "slopes": _slopes},
    "log_softmax": {"scales": _scales, "bias": _bias, "slopes": _slopes},
    "logsumexp": {"scales": _scales, "bias": _bias},
    "cross_entropy": {"scales": _scales, "bias": _bias, "slopes": _slopes, "target": _target},
}


def option_gradients(name, given, grad, wanted):
    """Those of the `wanted` that the library has, by name."""
    rules = _FOR.get(name, {})
    if name == "cross_entropy" and given.get("softcap") is not None:  # whose slope may be 0: no dz of dx
        rules = {key: rule for key, rule in rules.items() if key not in ("bias", "slopes")}
    call, found = None, {}
    for key in wanted:
        if key in rules and given["x"].dim() > 0:
            call = call or _Call(name, given, grad)
            tensor = given[key]
            found[key] = summed(rules[key](call, tensor), tensor.shape).to(tensor.dtype).reshape(tensor.shape)
    return found
