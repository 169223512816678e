"""PyTorch, eager, into a given output; and oneDNN, which PyTorch calls for tensors in its mkldnn layout."""

import names
import numpy as np
import torch
from functions import AXIS


def tensor(array):
    """On the array's memory. PyTorch takes no bfloat16 from numpy, so that goes by its bits."""
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


class PyTorch:
    name = names.PYTORCH

    def __init__(self, threads, _libraries):
        torch.set_num_threads(threads)
        self.version = torch.__version__

    def into(self, function, x, y):
        xt, yt = tensor(x), tensor(y)
        return lambda: function(xt, AXIS, out=yt), lambda: y

    def softmax(self, x, y):
        return self.into(torch.softmax, x, y)

    def log_softmax(self, x, y):
        return self.into(torch.log_softmax, x, y)

    def logsumexp(self, x, lse):
        return self.into(torch.logsumexp, x, lse)

    def cross_entropy(self, x, labels, _loss):
        xt, lt = tensor(x), tensor(labels)
        run = lambda: torch.nn.functional.cross_entropy(xt, lt, reduction="none")  # noqa: E731
        return run, lambda: run().double().numpy()

    def cross_entropy_gradient(self, x, labels, _dx):
        xt, lt = tensor(x).requires_grad_(), tensor(labels)

        def run():
            loss = torch.nn.functional.cross_entropy(xt, lt, reduction="sum")
            return torch.autograd.grad(loss, xt)[0]

        return run, lambda: run().double().numpy()

    def softmax_backward(self, y, dy, dx):
        yt, dyt, dxt = map(tensor, (y, dy, dx))
        backward = torch.ops.aten._softmax_backward_data.out
        return lambda: backward(dyt, yt, AXIS, yt.dtype, grad_input=dxt), lambda: dx


class OneDnn:
    name = names.ONEDNN

    def __init__(self, _threads, _libraries):
        self.version = f"in PyTorch {torch.__version__}"

    def softmax(self, x, _y):
        if x.dtype != np.float32:
            return None
        xt = torch.from_numpy(x).to_mkldnn()
        return lambda: torch.softmax(xt, AXIS), lambda: torch.softmax(xt, AXIS).to_dense().numpy()
