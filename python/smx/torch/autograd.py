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

from smx import _core
from smx.torch import reference
from smx.torch.calling import direct, ordinary, quiet, wrapper
from smx.torch.operators import ARGUMENTS, KERNELS, LIBRARY, OPERATORS, of_labels
from smx.torch.option_gradients import option_gradients
from smx.torch.options import DIFFERENTIABLE, LINEAR, plain

_FROM_RESULT = ("softmax", "log_softmax")


def _save(ctx, *tensors):
    ctx.save_for_backward(*tensors)
    if forward_ad._current_level >= 0:
        ctx.save_for_forward(*tensors)


class Fused(Function):
    """Any of the operators. `keys` names those of its arguments that are tensors, `named` has the others. All tensors
    are saved, labels and masks too, so that autograd notices if they were changed since."""

    @staticmethod
    def forward(ctx, run, name, named, keys, *tensors):
        ctx.name, ctx.named, ctx.keys = name, named, keys
        _save(ctx, *tensors)
        return run(**named, **dict(zip(keys, tensors)))

    @staticmethod
    def arguments(ctx):
        return {**ctx.named, **dict(zip(ctx.keys, ctx.saved_tensors))}

    @staticmethod
    def backward(ctx, *grads):
        given, gradient, pulled = Fused.arguments(ctx), ctx.name + "_gradient", {}
        wanted = [key for key, needed in zip(ctx.keys, ctx.needs_input_grad[4:]) if needed]
        if ctx.keys[0] in wanted and gradient in OPERATORS:
            pulled[wanted.pop(0)] = call(gradient, **given, grad=grads[0])
        if wanted and not torch.is_grad_enabled() and quiet() and all(map(ordinary, [*ctx.saved_tensors, *grads])):
            pulled.update(option_gradients(ctx.name, given, grads[0], wanted))
            wanted = [key for key in wanted if key not in pulled]
        if wanted:
            function = lambda *tensors: getattr(reference, ctx.name)(**{**given, **dict(zip(wanted, tensors))})
            pull = torch.func.vjp(function, *[given[key] for key in wanted])[1]
            pulled.update(zip(wanted, pull(grads if len(grads) > 1 else grads[0])))
        return None, None, None, None, *map(pulled.get, ctx.keys)

    @staticmethod
    def jvp(ctx, _run, _name, _named, _keys, *tangents):
        given = Fused.arguments(ctx)
        given.update({k: _dual(given[k], t) for k, t in zip(ctx.keys, tangents) if t is not None})
        with forward_ad._set_fwd_grad_enabled(True):
            result = getattr(reference, ctx.name)(**given)
            if isinstance(result, tuple):
                return tuple(forward_ad.unpack_dual(part, level=0).tangent for part in result)
            return forward_ad.unpack_dual(result, level=0).tangent


def _dual(x, tangent):
    return forward_ad.make_dual(forward_ad.unpack_dual(x, level=0).primal, tangent, level=0)


class FromResult(Function):
    """softmax and log_softmax where the result is enough for all derivatives; `keys` are of the tensors beside x."""

    @staticmethod
    def forward(ctx, run, name, named, keys, x, *others):
        y = run(x=x, **named, **dict(zip(keys, others)))
        ctx.name, ctx.named, ctx.keys = name, named, keys
        ctx.to = None if x.dtype == y.dtype else x.dtype
        _save(ctx, y, *others)
        return y

    @staticmethod
    def arguments(ctx, others):
        return {k: v for k, v in [*ctx.named.items(), *zip(ctx.keys, others)] if k in LINEAR}

    @staticmethod
    def backward(ctx, dy):
        y, *others = ctx.saved_tensors
        dx = call(ctx.name + "_backward", y=y, grad=dy, **FromResult.arguments(ctx, others), dtype=ctx.to)
        return None, None, None, None, dx, *[None for _ in others]

    @staticmethod
    def jvp(ctx, _run, _name, _named, _keys, v, *_others):
        y, *others = ctx.saved_tensors
        given = FromResult.arguments(ctx, others)
        if ctx.name == "softmax":  # whose Jacobian is symmetric
            return call("softmax_backward", y=y, grad=v, **given)
        return call("log_softmax_jvp", y=y, v=v, **given)


def without_options(name):
    """softmax or log_softmax of an ordinary tensor in a quiet thread: as FromResult, by the shortest way there is."""
    function, derivative, operator = getattr(_core, name), getattr(_core, name + "_backward"), name + "_backward"

    class Plain(Function):
        @staticmethod
        def forward(ctx, x, dim):
            y = function(x.detach(), dim)
            ctx.dim = dim
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, dy):
            (y,) = ctx.saved_tensors
            if not torch.is_grad_enabled() and direct(dy):
                return derivative(y.detach(), plain(dy), ctx.dim), None
            return call(operator, y=y, grad=dy, dim=ctx.dim), None

    return Plain.apply


class SoftmaxBackward(Fused):
    """Of y and grad; whose own gradients the library has."""

    @staticmethod
    def backward(ctx, ddx):
        gradients = call("softmax_double_backward", **{**Fused.arguments(ctx), "dtype": None}, ddx=ddx)
        return None, None, None, None, *gradients, *[None for _ in ctx.keys[2:]]


def _made(ctx, dloss):
    """The gradient that was made with a loss, if that is the one asked for."""
    dx, ctx.dx = ctx.dx, None  # not twice: whoever gets it may write into it
    if dx is None or torch.is_grad_enabled() or type(dloss) is not torch.Tensor or wrapper(dloss) or not quiet():
        return None
    return dx if dloss.item() == 1 else None


class CrossEntropy(Fused):
    """A loss that is one number, of which the gradient is made in the same pass: usually it is asked for as it is."""

    @staticmethod
    def forward(ctx, run, name, named, keys, *tensors):
        ctx.name, ctx.named, ctx.keys = name, named, keys
        _save(ctx, *tensors)
        loss, ctx.dx = run(both=True, **named, **dict(zip(keys, tensors)))
        return loss

    @staticmethod
    def backward(ctx, dloss):
        needed, dx = ctx.needs_input_grad[4:], _made(ctx, dloss)
        if dx is None or sum(needed) > 1:
            return Fused.backward(ctx, dloss)
        _ = ctx.saved_tensors  # autograd looks whether they were changed
        return None, None, None, None, dx, *[None for _ in needed[1:]]


class CrossEntropyOfLabels(Function):
    """The same of labels, without options: ordinary tensors in a quiet thread."""

    @staticmethod
    def forward(ctx, x, target, named):
        ctx.named = named
        ctx.save_for_backward(x, target)
        loss, ctx.dx = of_labels(x.detach(), target, returns=("loss", "dx"), **named)
        return loss

    @staticmethod
    def backward(ctx, dloss):
        x, target = ctx.saved_tensors
        dx = _made(ctx, dloss)
        if dx is None:
            dx = call("cross_entropy_gradient", x=x, target=target, weight=None, grad=dloss, **ctx.named)
        return dx, None, None


def differentiable(run, name, named, tensors):
    """run(**named), where run is the operator `name` below autograd, or its kernel; with its derivatives. `tensors` are
    those of named."""
    rest = {key: value for key, value in named.items() if key not in tensors}
    keys, tensors = tuple(tensors), tensors.values()
    if name in _FROM_RESULT and named.get("softcap") is None and not _tracked(named, DIFFERENTIABLE):
        return FromResult.apply(run, name, rest, keys[1:], *tensors)
    if name == "softmax_backward" and not _tracked(named, DIFFERENTIABLE):
        return SoftmaxBackward.apply(run, name, rest, keys, *tensors)
    if run is KERNELS["cross_entropy"] and named["x"].requires_grad and named["reduction"] != "none":
        return CrossEntropy.apply(run, name, rest, keys, *tensors)
    return Fused.apply(run, name, rest, keys, *tensors)


def call(name, **named):
    """The operator, by the shortest way there is. Its first argument is the first tensor."""
    if not quiet():
        return OPERATORS[name](**named)
    tensors, history = {}, False
    for key, value in named.items():
        if isinstance(value, torch.Tensor):
            if not ordinary(value):
                return OPERATORS[name](**named)
            tensors[key] = value
            history = history or value.requires_grad
    if history and torch.is_grad_enabled():
        return differentiable(KERNELS[name], name, named, tensors)
    return KERNELS[name](**named)


def _tracked(named, keys):
    """Whether any of these tensors has a gradient or, it may be, a tangent."""
    given = [named[key] for key in keys if named.get(key) is not None]
    return any(tensor.requires_grad for tensor in given) or (bool(given) and forward_ad._current_level >= 0)


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
        tensors = {key: value for key, value in named.items() if isinstance(value, torch.Tensor)}
        if not torch._C._are_functorch_transforms_active():
            return differentiable(below, name, named, tensors)
        with enable_single_level_autograd_function():
            return differentiable(below_level, name, named, tensors)

    LIBRARY.impl(name, kernel, "Autograd")


for _name in OPERATORS:
    _register(_name)
