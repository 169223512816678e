"""Which calls need the dispatcher. With ordinary tensors, outside of all that it does, a kernel is called directly: the
dispatcher's way through Python takes some 6 microseconds, and as many again for autograd."""

import torch
from torch.autograd import forward_ad

TYPES = (torch.Tensor, torch.nn.Parameter)
_keys = torch._C._dispatch_keys
_included = torch._C._dispatch_tls_local_include_set
_compiling = torch.compiler.is_compiling

# The dispatch keys of an ordinary tensor, and those that a thread adds by itself: both have fewer in inference mode.
with torch.inference_mode():
    _ORDINARY, _QUIET = {_keys(torch.empty(0)).raw_repr()}, {_included().raw_repr()}
with torch.inference_mode(False):
    _ORDINARY.add(_keys(torch.empty(0)).raw_repr())
    _QUIET.add(_included().raw_repr())


def quiet() -> bool:
    """Whether nothing is under way that the dispatcher has to know of: torch.compile, torch.func, vmap, forward mode,
    tracing, or another mode."""
    return not _compiling() and _included().raw_repr() in _QUIET and forward_ad._current_level < 0


def ordinary(x) -> bool:
    """Whether a tensor is no subclass and lies as it seems to, in the CPU's memory."""
    return type(x) in TYPES and _keys(x).raw_repr() in _ORDINARY
