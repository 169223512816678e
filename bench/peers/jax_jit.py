"""JAX, compiled. It never writes into a caller's array; the input is taken without a copy."""

import jax
import jax.numpy as jnp
import names
from functions import AXIS

from . import pytorch

jax.config.update("jax_enable_x64", True)  # else it would compute f64 in f32


@jax.jit
def softmax(x):
    return jax.nn.softmax(x, axis=AXIS)


@jax.jit
def softmax_backward(y, dy):
    return y * (dy - (y * dy).sum(axis=AXIS, keepdims=True))


@jax.jit
def log_softmax(x):
    return jax.nn.log_softmax(x, axis=AXIS)


@jax.jit
def logsumexp(x):
    return jax.nn.logsumexp(x, axis=AXIS)


@jax.jit
def cross_entropy(x, labels):
    return -jnp.take_along_axis(jax.nn.log_softmax(x, axis=AXIS), labels[:, None], axis=AXIS)


@jax.jit
def cross_entropy_gradient(x, labels):
    return jax.value_and_grad(lambda z: cross_entropy(z, labels).sum())(x)


class Jax:
    name = names.JAX

    def __init__(self, _threads, _libraries):
        # How many threads it uses is settled by the environment that bench.py starts this process with.
        self.version = jax.__version__

    def call(self, function, *arrays):
        inputs = [jnp.from_dlpack(pytorch.tensor(a)) for a in arrays]  # numpy has no DLPack for bfloat16
        run = lambda: jax.block_until_ready(function(*inputs))  # noqa: E731
        return run, run

    def softmax(self, x, _y):
        return self.call(softmax, x)

    def log_softmax(self, x, _y):
        return self.call(log_softmax, x)

    def logsumexp(self, x, _lse):
        return self.call(logsumexp, x)

    def cross_entropy(self, x, labels, _loss):
        return self.call(cross_entropy, x, labels)

    def cross_entropy_gradient(self, x, labels, _dx):
        run, _ = self.call(cross_entropy_gradient, x, labels)
        return run, lambda: run()[1]

    def softmax_backward(self, y, dy, _dx):
        return self.call(softmax_backward, y, dy)
