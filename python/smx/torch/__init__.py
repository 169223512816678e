"""torch.nn.functional's softmax, log-softmax, softmin, logsumexp, cross-entropy and nll, exact: with the same bits for
any number of threads, batch, layout and instruction set, and an error of a few ULP at most.

>>> import torch, smx.torch
>>> x = torch.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
>>> smx.torch.cross_entropy(x, torch.tensor([2])).backward()
>>> x.grad
tensor([[ 0.0900,  0.2447, -0.3348]])
"""

from smx.torch import batching as _batching  # noqa: F401
from smx.torch.distributed import data_parallel_cross_entropy, vocab_parallel_cross_entropy
from smx.torch.exact_sum import ExactSum
from smx.torch.functional import cross_entropy, log_softmax, logsumexp, nll_loss, softmax, softmin
from smx.torch.modules import CrossEntropyLoss, LogSoftmax, Softmax
from smx.torch.patching import patch

__all__ = [
    "CrossEntropyLoss",
    "ExactSum",
    "LogSoftmax",
    "Softmax",
    "cross_entropy",
    "data_parallel_cross_entropy",
    "log_softmax",
    "logsumexp",
    "nll_loss",
    "patch",
    "softmax",
    "softmin",
    "vocab_parallel_cross_entropy",
]
