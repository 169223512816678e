"""The keywords that PyTorch lacks: as the operators' arguments, and those as the extension's."""

import torch

#: The operators' arguments by which all of them end, with their types in a schema.
SCHEMA = {
    "dtype": "ScalarType?",  # of the result; else that of the first tensor
    "scale": "float?",
    "mask": "Tensor?",
    "bias": "Tensor?",
    "lengths": "Tensor?",
    "causal": "str?",
    "window": "int[]?",  # a negative number stands for no limit
    "query_dim": "int?",
    "softcap": "float?",
    "scales": "Tensor?",  # a scale that is a tensor
    "slopes": "Tensor?",
    "sinks": "Tensor?",
    "plus_inf": "str?",
    "minus_inf_row": "str?",
}

#: Those that have a gradient.
DIFFERENTIABLE = ("scales", "bias", "slopes", "sinks")

#: What the gradient of softmax or log_softmax takes beside its result: no slopes, sinks or softcap.
LINEAR = frozenset({"dim", "scale", "scales", "mask", "bias", "lengths", "causal", "window", "query_dim"})

#: What a caller may give.
KEYWORDS = (SCHEMA.keys() - {"dtype", "scales"}) | {"temperature"}


def from_keywords(function: str, keywords: dict) -> dict:
    """A caller's keywords as arguments of an operator."""
    options = {}
    for name, value in keywords.items():
        if value is None:
            continue
        if name == "temperature":
            if not isinstance(value, torch.Tensor) and value == 0:
                raise ValueError(f"smx.torch.{function}: temperature is 0: for its limit take argmax")
            name, value = "scale", 1 / value
        if name == "scale":
            name = "scales" if isinstance(value, torch.Tensor) else name
        elif name == "causal":
            value = {True: "top-left", False: None}.get(value, value)
        elif name == "window":
            value = [-1 if side is None else side for side in value]
        elif name not in KEYWORDS:
            raise TypeError(f"smx.torch.{function}: there is no argument {name!r} of this function")
        if name in options:
            raise ValueError(f"smx.torch.{function}: temperature is one over scale: give one of them")
        options[name] = value
    return options


def plain(tensor: torch.Tensor) -> torch.Tensor:
    """The same without its history, as the extension takes it."""
    return tensor.detach() if tensor.requires_grad else tensor


def to_extension(options: dict) -> dict:
    """Arguments of an operator as keywords of the extension; `dtype` is the caller's to see to."""
    keywords = {}
    for name, value in options.items():
        if value is None or name == "dtype":
            continue
        if name == "scales":
            name = "scale"
        elif name == "query_dim":
            name = "query_axis"
        elif name == "window":
            value = tuple(None if side < 0 else side for side in value)
        keywords[name] = plain(value) if isinstance(value, torch.Tensor) else value
    return keywords
