"""torch.nn's modules on the functions of this package: they take the functions' keywords as well, once for all
calls."""

import torch

from smx.torch import functional
from smx.torch.options import KEYWORDS


class _Options:
    def __init__(self, *args, **options):
        mine = {name: options.pop(name) for name in ("z_loss", *KEYWORDS) if name in options}
        super().__init__(*args, **options)
        self.options = mine

    def extra_repr(self):
        given = [super().extra_repr(), *[f"{name}={value!r}" for name, value in self.options.items()]]
        return ", ".join(filter(None, given))


class Softmax(_Options, torch.nn.Softmax):
    """torch.nn.Softmax."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return functional.softmax(input, self.dim, _stacklevel=5, **self.options)


class LogSoftmax(_Options, torch.nn.LogSoftmax):
    """torch.nn.LogSoftmax."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return functional.log_softmax(input, self.dim, _stacklevel=5, **self.options)


class CrossEntropyLoss(_Options, torch.nn.CrossEntropyLoss):
    """torch.nn.CrossEntropyLoss."""

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
            **self.options,
        )
