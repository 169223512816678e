"""The operators torch.ops.smx.*: their schemas, their kernels for the CPU, the shapes of their results for fake
tensors, autocast, and the devices that they refuse. autograd.py and batching.py add derivatives and vmap."""

import torch

from smx import _core
from smx.torch.options import LINEAR, SCHEMA, plain, to_extension

LIBRARY = torch.library.Library("smx", "DEF")
OPTIONS = ", ".join(f"{kind} {name}=None" for name, kind in SCHEMA.items())
_LOSS = "Tensor target, Tensor? weight, str reduction, int ignore_index, "
_ENTROPY = _LOSS + "float label_smoothing, float z_loss, int dim, "

#: Arguments that come before the options, and results. `x_gradient` is the gradient of x's first argument.
SCHEMAS = {
    "softmax": ("Tensor x, int dim, ", "Tensor"),
    "softmax_gradient": ("Tensor x, Tensor grad, int dim, ", "Tensor"),
    "softmax_backward": ("Tensor y, Tensor grad, int dim, ", "Tensor"),
    "softmax_double_backward": ("Tensor y, Tensor grad, Tensor ddx, int dim, ", "(Tensor, Tensor)"),
    "log_softmax": ("Tensor x, int dim, ", "Tensor"),
    "log_softmax_gradient": ("Tensor x, Tensor grad, int dim, ", "Tensor"),
    "log_softmax_backward": ("Tensor y, Tensor grad, int dim, ", "Tensor"),
    "log_softmax_jvp": ("Tensor y, Tensor v, int dim, ", "Tensor"),
    "logsumexp": ("Tensor x, int[] dim, ", "Tensor"),
    "logsumexp_gradient": ("Tensor x, Tensor grad, int[] dim, ", "Tensor"),
    "cross_entropy": ("Tensor x, " + _ENTROPY, "Tensor"),
    "cross_entropy_gradient": ("Tensor x, Tensor grad, " + _ENTROPY, "Tensor"),
    "nll_loss": ("Tensor x, " + _LOSS + "int dim, ", "Tensor"),
    "nll_loss_gradient": ("Tensor x, Tensor grad, " + _LOSS + "int dim, ", "Tensor"),
}


def rows_shape(x, dim):
    """The shape of x without the dimensions of a row."""
    dims = [dim] if isinstance(dim, int) else dim or range(x.dim())  # None, too, is all
    rows = {d % max(x.dim(), 1) for d in dims}
    return [extent for d, extent in enumerate(x.shape) if d not in rows]


def result_shape(name, x, dim, reduction="none", **_):
    if name in ("logsumexp", "cross_entropy", "nll_loss"):
        return rows_shape(x, dim) if reduction == "none" else []
    return x.shape


def _row(name):
    """A kernel of a function with an input and an output like it, or one for each row."""
    function = getattr(_core, name)

    def kernel(x, dim, dtype=None, **options):
        if not options and dtype is None:
            return function(plain(x), dim)
        out = None if dtype is None else x.new_empty(result_shape(name, x, dim), dtype=dtype)
        return function(plain(x), dim, out=out, **to_extension(options))

    return kernel


def _from_result(name, *others):
    """A kernel of a function of what softmax or log_softmax gave, and of tensors like that."""
    function = getattr(_core, name)

    def kernel(y, dim, dtype=None, **options):
        if len(options) == len(others) and dtype is None:
            return function(plain(y), *[plain(options[other]) for other in others], dim)
        tensors = [plain(y), *[plain(options.pop(other)) for other in others]]
        if dtype is not None and dtype != y.dtype:
            options["out"] = y.new_empty(y.shape, dtype=dtype)
        return function(*tensors, dim, **to_extension(options))

    return kernel


def _from_logits(name):
    """The gradient of softmax or log_softmax where its result was not kept, or a softcap comes before it."""
    forward, backward = getattr(_core, name), getattr(_core, name + "_backward")

    def kernel(x, grad, dim, dtype=None, **options):
        x, given = plain(x), to_extension(options)
        y = forward(x, dim, out=torch.empty(x.shape, dtype=grad.dtype), **given)
        given = to_extension({key: value for key, value in options.items() if key in LINEAR})
        dx = backward(y, plain(grad), dim, out=torch.empty(x.shape, dtype=x.dtype), **given)
        if options.get("softcap") is not None:
            scale = {key: given[key] for key in ("scale",) if key in given}
            _core.softcap_backward(x, dx, dim, softcap=options["softcap"], out=dx, **scale)
        return dx

    return kernel


def axes(x, dim):
    """As the extension takes the dims of logsumexp, of which none are all."""
    return None if x.dim() == 0 else dim or None


def _logsumexp(x, dim, **options):
    return _logsumexp_over(x, axes(x, dim), **options)


def _logsumexp_gradient(x, grad, dim, dtype=None, **options):
    return _core.logsumexp_backward(plain(x), plain(grad), axes(x, dim), **to_extension(options))


_logsumexp_over = _row("logsumexp")


def _loss(function, gradient):
    """A kernel of a loss, or of its gradient; `both` returns the two, of a loss that is one number."""

    def kernel(
        x,
        target,
        weight,
        reduction,
        ignore_index,
        dim,
        grad=None,
        label_smoothing=0.0,
        z_loss=0.0,
        dtype=None,
        both=False,
        **options,
    ):
        given = to_extension(options) if options else {}
        if label_smoothing != 0:
            given["smoothing"] = label_smoothing
        if z_loss != 0:
            given["z_loss"] = z_loss
        if target.is_floating_point():
            given["targets"] = plain(target)
            target = None
        elif ignore_index != -100:
            given["ignore_index"] = ignore_index
        if weight is not None:
            given["class_weights"] = plain(weight)
        if gradient:
            given["dloss"] = plain(grad)
        elif dtype is not None:
            loss = x.new_empty(result_shape("cross_entropy", x, dim, reduction), dtype=dtype)
            given["out"] = (loss, torch.empty(x.shape, dtype=x.dtype)) if both else loss
        if both:
            given["returns"] = ("loss", "dx")
        return function(plain(x), target, dim, reduction=reduction, **given)

    return kernel


def of_labels(x, target, dim, reduction, ignore_index, label_smoothing, z_loss, returns="loss"):
    """The kernel of cross_entropy for labels without options, in fewer steps."""
    return _core.cross_entropy(
        x,
        target,
        dim,
        reduction=reduction,
        ignore_index=ignore_index,
        smoothing=label_smoothing,
        z_loss=z_loss,
        returns=returns,
    )


KERNELS = {
    "softmax": _row("softmax"),
    "softmax_gradient": _from_logits("softmax"),
    "softmax_backward": _from_result("softmax_backward", "grad"),
    "softmax_double_backward": _from_result("softmax_double_backward", "grad", "ddx"),
    "log_softmax": _row("log_softmax"),
    "log_softmax_gradient": _from_logits("log_softmax"),
    "log_softmax_backward": _from_result("log_softmax_backward", "grad"),
    "log_softmax_jvp": _from_result("log_softmax_jvp", "v"),
    "logsumexp": _logsumexp,
    "logsumexp_gradient": _logsumexp_gradient,
    "cross_entropy": _loss(_core.cross_entropy, gradient=False),
    "cross_entropy_gradient": _loss(_core.cross_entropy_backward, gradient=True),
    "nll_loss": _loss(_core.nll, gradient=False),
    "nll_loss_gradient": _loss(_core.nll_backward, gradient=True),
}


def _define(name):
    before, result = SCHEMAS[name]
    LIBRARY.define(f"{name}({before}{OPTIONS}) -> {result}", tags=(torch.Tag.pt2_compliant_tag,))
    operator = getattr(torch.ops.smx, name).default
    names = ARGUMENTS[name] = [argument.name for argument in operator._schema.arguments]
    first = names[0]
    # The dispatcher passes arguments by position, without those at the end that are as by default.
    LIBRARY.impl(name, lambda *given: KERNELS[name](**dict(zip(names, given))), "CPU")

    def fake(*given):
        x, named = given[0], dict(zip(names[1:], given[1:]))
        gradient = name.endswith("_gradient")
        dtype = x.dtype if gradient else named.get("dtype") or x.dtype
        shape = x.shape if gradient else result_shape(name, x, named.pop("dim"), named.get("reduction") or "none")
        made = x.new_empty(shape, dtype=dtype)
        return (made, x.new_empty(shape, dtype=dtype)) if name == "softmax_double_backward" else made

    def refuse(*given):
        ours, device = name.removesuffix("_gradient").removesuffix("_backward"), given[0].device
        theirs = "torch.logsumexp" if ours == "logsumexp" else f"torch.nn.functional.{ours}"
        raise TypeError(
            f"smx.torch.{ours}: {first} is on {device}, and the library computes on the CPU alone: call {theirs}, "
            f"or pass {first}.cpu()"
        )

    torch.library.register_fake(f"smx::{name}", fake, lib=LIBRARY)
    for device in ("CUDA", "MPS", "XPU", "HPU"):
        LIBRARY.impl(name, refuse, device)
    return operator


def _autocast(name):
    """Losses of halves are f32, as PyTorch's: the operator makes them so without a copy of its input."""
    operator, names = OPERATORS[name], ARGUMENTS[name]
    key = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastCPU)

    def kernel(*given):
        named = dict(zip(names, given))
        with torch._C._ExcludeDispatchKeyGuard(key):
            return operator(**autocast(named["x"], named))

    LIBRARY.impl(name, kernel, "AutocastCPU")


def autocast(x, arguments):
    if x.dtype in (torch.float16, torch.bfloat16) and arguments.get("dtype") is None:
        return {**arguments, "dtype": torch.float32}
    return arguments


ARGUMENTS: dict[str, list[str]] = {}
OPERATORS = {name: _define(name) for name in SCHEMAS}
for _name in ("cross_entropy", "nll_loss"):
    _autocast(_name)
