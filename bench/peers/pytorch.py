"""PyTorch, eager, into a given output; and oneDNN, which PyTorch calls for tensors in its mkldnn layout."""

import torch


class PyTorch:
    name = "PyTorch"

    def __init__(self, threads, _libraries):
        torch.set_num_threads(threads)
        self.version = torch.__version__

    def softmax(self, x, y):
        xt, yt = torch.from_numpy(x), torch.from_numpy(y)
        return lambda: torch.softmax(xt, -1, out=yt), lambda: y

    def log_softmax(self, x, y):
        xt, yt = torch.from_numpy(x), torch.from_numpy(y)
        return lambda: torch.log_softmax(xt, -1, out=yt), lambda: y

    def cross_entropy_gradient(self, x, labels, _dx):
        xt, lt = torch.from_numpy(x).requires_grad_(), torch.from_numpy(labels)

        def run():
            loss = torch.nn.functional.cross_entropy(xt, lt, reduction="sum")
            return torch.autograd.grad(loss, xt)[0]

        return run, lambda: run().numpy()

    def softmax_backward(self, y, dy, dx):
        yt, dyt, dxt = map(torch.from_numpy, (y, dy, dx))
        backward = torch.ops.aten._softmax_backward_data.out
        return lambda: backward(dyt, yt, -1, yt.dtype, grad_input=dxt), lambda: dx


class OneDnn:
    name = "oneDNN"

    def __init__(self, _threads, _libraries):
        self.version = f"in PyTorch {torch.__version__}"

    def softmax(self, x, _y):
        if x.dtype != "float32":
            return None
        xt = torch.from_numpy(x).to_mkldnn()
        return lambda: torch.softmax(xt, -1), lambda: torch.softmax(xt, -1).to_dense().numpy()
