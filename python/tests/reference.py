"""The functions once more, straight from their formulas, in NumPy and long double: not fast, and not exact."""

import numpy as np


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def log_softmax(x):
    z = x - x.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def logsumexp(x):
    return x[..., 0] - log_softmax(x)[..., 0]


def total(x):
    return x.sum(-1, keepdims=True)


def jacobian(y):
    return y[..., None] * np.eye(y.shape[-1]) - y[..., :, None] * y[..., None, :]


def weighted(x, b):
    s = (b * np.exp(x)).sum(-1)
    return np.log(abs(s)), np.sign(s)


def double_backward(y, dy, ddx):
    s, t = total(y * dy), total(y * ddx)
    return ddx * (dy - s) - dy * t, y * (ddx - t)


# Name: what makes its inputs of logits and two arrays of gradients; what it is. Rows are the last axis.
FUNCTIONS = {
    "softmax": (lambda x, g, h: (x,), softmax),
    "softmax_backward": (lambda x, g, h: (softmax(x), g), lambda y, dy: y * (dy - total(y * dy))),
    "softmax_jvp": (lambda x, g, h: (softmax(x), g), lambda y, v: y * (v - total(y * v))),
    "softmax_jacobian": (lambda x, g, h: (softmax(x),), jacobian),
    "softmax_double_backward": (lambda x, g, h: (softmax(x), g, h), double_backward),
    "argmax": (lambda x, g, h: (x,), lambda x: x.argmax(-1)),
    "log_softmax": (lambda x, g, h: (x,), log_softmax),
    "log_softmax_backward": (lambda x, g, h: (log_softmax(x), g), lambda y, dy: dy - np.exp(y) * total(dy)),
    "log_softmax_jvp": (lambda x, g, h: (log_softmax(x), g), lambda y, v: v - total(np.exp(y) * v)),
    "logsumexp": (lambda x, g, h: (x,), logsumexp),
    "logsumexp_backward": (lambda x, g, h: (x, g[..., 0]), lambda x, d: d[..., None] * softmax(x)),
    "logsumexp_weighted": (lambda x, g, h: (x, g), weighted),
    "scale_gradient": (lambda x, g, h: (x, g), lambda x, dx: (x * dx).sum()),
    "softcap_backward": (lambda x, g, h: (x, g), lambda x, dz: dz),
    "sink_gradient": (lambda x, g, h: (x, softmax(x), g), lambda x, y, dy: np.zeros(x.shape[:-1])),
    "cross_entropy_hessian_product": (
        lambda x, g, h: (x, g),
        lambda x, v: softmax(x) * (v - total(softmax(x) * v)),
    ),
    "tensor_copy": (lambda x, g, h: (x,), lambda x: x),
    "cross_entropy_hessian": (lambda x, g, h: (x,), lambda x: jacobian(softmax(x))),
}
