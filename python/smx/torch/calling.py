"""Which calls need the dispatcher. With ordinary tensors, outside of all that it does, a kernel is called directly: the
dispatcher's way through Python takes some 6 microseconds, and as many again for autograd.

Sets of dispatch keys would answer it, but PyTorch takes a microsecond or two to make an object of one: so functions are
asked that return a bool or a number, and a test compares with the sets."""

import torch
from torch.autograd import forward_ad

TYPES = (torch.Tensor, torch.nn.Parameter)
_compiling = torch.compiler.is_compiling
_transforms = torch._C._are_functorch_transforms_active
_modes = torch._C._len_torch_dispatch_stack
_tracing = torch._C._get_tracing_state
_included, _PRE_DISPATCH = torch._C._dispatch_tls_is_dispatch_key_included, torch._C.DispatchKey.PreDispatch
_STRIDED = torch.strided

#: Whether it stands for another tensor (a subclass, those of torch.func and vmap), is sparse, or a mode sees all calls.
wrapper = torch._C._dispatch_isTensorSubclassLike


def quiet() -> bool:
    """Whether nothing is under way that the dispatcher has to know of: torch.compile, torch.func, vmap, forward mode,
    tracing, or another mode."""
    return not (
        _compiling()
        or _transforms()
        or _modes()
        or forward_ad._current_level >= 0
        or _tracing() is not None
        or _included(_PRE_DISPATCH)
    )


def ordinary(x) -> bool:
    """Whether a tensor is no subclass and lies as it seems to, in the CPU's memory."""
    return (
        type(x) in TYPES
        and x.is_cpu
        and x.layout is _STRIDED
        and not (wrapper(x) or x.is_neg() or x.is_nested or x._is_zerotensor())
    )


def direct(x) -> bool:
    """Whether a call with this tensor needs no dispatcher: quiet() and ordinary(x)."""
    return quiet() and ordinary(x)
