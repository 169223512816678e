"""Derivatives of the operators. A function here is applied by the operators' kernels for Autograd, and by functional.py
around the kernels for the CPU where no dispatcher is needed.

x_gradient and x_backward are operators themselves, so that all can be differentiated again. What the library has no
function for is a derivative of the function of the same name in reference.py."""

import torch
from torch._functorch.utils import enable_single_level_autograd_function
from torch.autograd import forward_ad

# Its forward has ctx: one with setup_context takes 25 microseconds more, for a binding of arguments. Function itself
# refuses such a forward under torch.func, which is no concern where the dispatcher has come down to one level.
from torch.autograd.function import _SingleLevelFunction as Function

from smx.torch import reference
from smx.torch.calling import ordinary, quiet
from smx.torch.operators import ARGUMENTS, KERNELS, LIBRARY, OPERATORS
from smx.torch.options import DIFFERENTIABLE, LINEAR

_FROM_RESULT = ("softmax", "log_softmax")


def _save(ctx, *tensors):
    ctx.save_for_backward(*tensors)
    if forward_ad._current_level >= 0:
        ctx.save_for_forward(*tensors)


class Fused(Function):
    """Any of the operators. `keys` names the arguments that have gradients, `named` has all others."""

    @staticmethod
    def forward(ctx, run, name, named, keys, *tensors):
        ctx.name, ctx.named, ctx.keys = name, named, keys
        _save(ctx, *tensors)
        return run(**named, **dict(zip(keys, tensors)))

    @staticmethod
    def function(ctx):
        function = getattr(reference, ctx.name)
        return lambda *tensors: function(**ctx.named, **dict(zip(ctx.keys, tensors)))

    @staticmethod
    def backward(ctx, *grads):
        tensors, needed = ctx.saved_tensors, list(ctx.needs_input_grad[4:])
        pulled = [None] * len(tensors)
        gradient = ctx.name + "_gradient"
        if needed[0] and gradient in OPERATORS:
            named = {**ctx.named, **dict(zip(ctx.keys, tensors))}
            pulled[0] = call(gradient, **named, grad=grads[0])
            needed[0] = False
        if any(needed):
            given = torch.func.vjp(Fused.function(ctx), *tensors)[1](grads if len(grads) > 1 else grads[0])
            pulled = [g if wanted else p for g, p, wanted in zip(given, pulled, needed)]
        return None, None, None, None, *pulled

    @staticmethod
    def jvp(ctx, _run, _name, _named, _keys, *tangents):
        pairs = zip(ctx.saved_tensors, tangents)
        with forward_ad._set_fwd_grad_enabled(True):
            result = Fused.function(ctx)(*[x if t is None else _dual(x, t) for x, t in pairs])
            if isinstance(result, tuple):
                return tuple(forward_ad.unpack_dual(part, level=0).tangent for part in result)
            return forward_ad.unpack_dual(result, level=0).tangent


def _dual(x, tangent):
    return forward_ad.make_dual(forward_ad.unpack_dual(x, level=0).primal, tangent, level=0)


class FromResult(Function):
    """softmax and log_softmax where the result is enough for all derivatives."""

    @staticmethod
    def forward(ctx, run, name, named, x):
        y = run(x=x, **named)
        ctx.name, ctx.named = name, named
        ctx.to = None if x.dtype == y.dtype else x.dtype
        _save(ctx, y)
        return y

    @staticmethod
    def arguments(ctx):
        return {k: v for k, v in ctx.named.items() if k in LINEAR} if len(ctx.named) > 1 else ctx.named

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        name = ctx.name + "_backward"
        if len(ctx.named) == 1 and not torch.is_grad_enabled() and quiet() and ordinary(dy):  # most often
            return None, None, None, KERNELS[name](y, ctx.named["dim"], ctx.to, grad=dy)
        return None, None, None, call(name, y=y, grad=dy, **FromResult.arguments(ctx), dtype=ctx.to)

    @staticmethod
    def jvp(ctx, _run, _name, _named, v):
        (y,) = ctx.saved_tensors
        if ctx.name == "softmax":  # whose Jacobian is symmetric
            return call("softmax_backward", y=y, grad=v, **FromResult.arguments(ctx))
        return call("log_softmax_jvp", y=y, v=v, **FromResult.arguments(ctx))


class SoftmaxBackward(Function):
    @staticmethod
    def forward(ctx, run, named, y, grad):
        ctx.named = named
        _save(ctx, y, grad)
        return run(y=y, grad=grad, **named)

    @staticmethod
    def backward(ctx, ddx):
        y, grad = ctx.saved_tensors
        return None, None, *call("softmax_double_backward", **{**ctx.named, "dtype": None}, y=y, grad=grad, ddx=ddx)

    @staticmethod
    def jvp(ctx, _run, _named, *tangents):
        ctx.name, ctx.keys = "softmax_backward", ("y", "grad")
        return Fused.jvp(ctx, None, None, None, None, *tangents)


def differentiable(run, name, named):
    """run(**named), where run is the operator `name` below autograd, or its kernel; with its derivatives."""
    first, forward = ARGUMENTS[name][0], forward_ad._current_level >= 0
    if name in _FROM_RESULT:
        options = [named.get(key) for key in DIFFERENTIABLE]
        if named.get("softcap") is None and not any(_tracked(option, forward) for option in options):
            rest = {key: value for key, value in named.items() if key != "x"}
            return FromResult.apply(run, name, rest, named["x"])
    if name == "softmax_backward" and not _tracked(named.get("scales"), forward):
        rest = {key: value for key, value in named.items() if key not in ("y", "grad")}
        return SoftmaxBackward.apply(run, rest, named["y"], named["grad"])
    others = [key for key, value in named.items() if key != first and _tracked(value, forward and key != "weight")]
    keys = (first, *others)
    rest = {key: value for key, value in named.items() if key not in keys}
    return Fused.apply(run, name, rest, keys, *[named[key] for key in keys])


def call(name, **named):
    """The operator, by the shortest way there is."""
    if not quiet():
        return OPERATORS[name](**named)
    history = False
    for value in named.values():
        if isinstance(value, torch.Tensor):
            if not ordinary(value):
                return OPERATORS[name](**named)
            history = history or value.requires_grad
    if history and torch.is_grad_enabled():
        return differentiable(KERNELS[name], name, named)
    return KERNELS[name](**named)


def _tracked(value, forward):
    return isinstance(value, torch.Tensor) and (value.requires_grad or (forward and value.is_floating_point()))


def _register(name):
    operator, names = OPERATORS[name], ARGUMENTS[name]

    def below(**named):
        with torch._C._AutoDispatchBelowAutograd():
            return operator(**named)

    def below_level(**named):
        # forward runs without gradients, but levels of torch.func further down have theirs.
        with torch.enable_grad(), forward_ad._set_fwd_grad_enabled(True):
            return below(**named)

    def kernel(*given):
        named = dict(zip(names, given))
        if not torch._C._are_functorch_transforms_active():
            return differentiable(below, name, named)
        with enable_single_level_autograd_function():
            return differentiable(below_level, name, named)

    LIBRARY.impl(name, kernel, "Autograd")


for _name in OPERATORS:
    _register(_name)
