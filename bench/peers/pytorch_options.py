"""PyTorch's way to what libsmx does in one call with an option. Masks are at hand in the form that it takes fastest."""

import names
import options
import torch
from functions import AXIS
from torch.nn import functional

from .pytorch import tensor


class Logits:
    """From x to the logits, by the settings."""

    def __init__(self, settings, shape):
        self.scale = settings.get("scale_value")
        if "scale" in settings:
            self.scale = tensor(settings["scale"])[:, None]
        self.softcap = settings.get("softcap")
        self.bias = tensor(settings["add"]) if "add" in settings else None
        if "alibi" in settings:
            self.bias = tensor(options.alibi_bias(settings, shape)).float()
        keep = options.kept(settings, shape)
        self.masked_out = None if keep.all() else tensor(~keep)

    def __call__(self, x):
        if self.scale is not None:
            x = x * self.scale
        if self.softcap is not None:
            x = self.softcap * torch.tanh(x / self.softcap)
        if self.bias is not None:
            x = x + self.bias
        if self.masked_out is not None:
            x = x.masked_fill(self.masked_out, -torch.inf)
        return x


def cross_entropy(settings, labels):
    """(logits, reduction) -> the loss."""
    arrays = {
        "target": tensor(settings.get("targets", labels)),
        "weight": tensor(settings["class_weights"]) if "class_weights" in settings else None,
    }
    smoothing, z_loss = settings.get("smoothing", 0.0), settings.get("z_loss")

    def loss(z, reduction):
        plain = functional.cross_entropy(z, **arrays, label_smoothing=smoothing, reduction=reduction)
        if z_loss is None:
            return plain
        squares = torch.logsumexp(z, AXIS) ** 2
        return plain + z_loss * (squares if reduction == "none" else squares.sum())

    return loss


class Way:
    name = names.PYTORCH

    def __init__(self, threads, _libraries):
        torch.set_num_threads(threads)
        self.version = torch.__version__

    def softmax(self, x, logits, given, y):
        if "sink" not in given.settings:
            return lambda: torch.softmax(logits(x), AXIS, out=y)
        sink = tensor(given.settings["sink"])[:, None]
        return lambda: torch.softmax(torch.cat([logits(x), sink], AXIS), AXIS)[:, :-1]

    def log_softmax(self, x, logits, _given, y):
        return lambda: torch.log_softmax(logits(x), AXIS, out=y)

    def logsumexp(self, x, logits, _given, lse):
        return lambda: torch.logsumexp(logits(x), AXIS, out=lse)

    def softmax_backward(self, x, logits, given, _dx):
        x.requires_grad_()
        dy = tensor(given.arrays["dy"])
        with torch.enable_grad():
            y = torch.softmax(logits(x), AXIS)
        return lambda: torch.autograd.grad(y, x, dy, retain_graph=True)[0]

    def cross_entropy(self, x, logits, given, _loss):
        loss = cross_entropy(given.settings, given.labels)
        return lambda: loss(logits(x), "none")

    def cross_entropy_gradient(self, x, logits, given, _dx):
        x.requires_grad_()
        loss = cross_entropy(given.settings, given.labels)

        def run():
            with torch.enable_grad():
                return torch.autograd.grad(loss(logits(x), "sum"), x)[0]

        return run

    def with_option(self, function, given, out):
        x = given.arrays["x"]
        run = getattr(self, function)(tensor(x), Logits(given.settings, x.shape), given, tensor(out))
        return torch.no_grad()(run), lambda: run().detach().numpy()
