"""What can be measured: the types, and each function with the inputs it gets and its definition in float64.

A new function is an entry in FUNCTIONS, lines in cases.py, and a method of the same name on each contender in peers/
that has it. A new type is an entry in DTYPES and lines in cases.py.
"""

from dataclasses import dataclass
from typing import Callable

import ml_dtypes
import numpy as np

# Name -> (numpy type, error relative to the scale of its row beyond which a result counts as wrong). It leaves room for
# peers that add up 262,144 terms in f32 one after another, and for those that round intermediate results to a half.
DTYPES = {
    "f32": (np.float32, 1e-4),
    "f64": (np.float64, 1e-12),
    "bf16": (ml_dtypes.bfloat16, 3 * 2.0**-8),
    "f16": (np.float16, 3 * 2.0**-11),
}

AXIS = 1  # of every array: of rows x n the last, of outer x n x inner not


def exact_softmax(x):
    e = np.exp(x - x.max(axis=AXIS, keepdims=True))
    return e / e.sum(axis=AXIS, keepdims=True)


def exact_backward(y, dy):
    return y * (dy - (y * dy).sum(axis=AXIS, keepdims=True))


def exact_logsumexp(x):
    largest = x.max(axis=AXIS, keepdims=True)
    return largest + np.log(np.exp(x - largest).sum(axis=AXIS, keepdims=True))


def exact_log_softmax(x):
    return x - exact_logsumexp(x)


def exact_cross_entropy(x, labels):
    return -np.take_along_axis(exact_log_softmax(x), labels.astype(int)[:, None], axis=AXIS)


def exact_cross_entropy_gradient(x, labels):
    gradient = exact_softmax(x)
    gradient[np.arange(len(x)), labels.astype(int)] -= 1
    return gradient


def result_scale(exact, *_inputs):
    return np.abs(exact).max(axis=AXIS, keepdims=True)


def unit_scale(_exact, *_inputs):
    """For p - 1 at the label, which loses its digits where p is nearly 1 if p was rounded first, as peers do."""
    return 1


def input_scale(_exact, x, *_inputs):
    """Not the result itself, which may be nearly 0 by cancellation: no formula in floating point is near it then."""
    return 1 + np.abs(x).max(axis=AXIS, keepdims=True)


def backward_scale(_exact, y, dy):
    """As input_scale, for the same reason."""
    return (y * (np.abs(dy) + (y * np.abs(dy)).sum(axis=AXIS, keepdims=True))).max(axis=AXIS, keepdims=True)


def logits(random, shape):
    return (random.standard_normal(shape, dtype=np.float32) * 3,)


def logits_and_labels(random, shape):
    return (*logits(random, shape), random.integers(0, shape[AXIS], shape[0]))


def probabilities_and_gradient(random, shape):
    return exact_softmax(*logits(random, shape)), random.standard_normal(shape, dtype=np.float32)


@dataclass(frozen=True)
class Function:
    inputs: Callable  # (random, shape) -> arrays, of any floating type
    exact: Callable  # the arrays in float64 -> the result; one number a row has the shape rows x 1
    scale: Callable  # (result, *arrays), exact -> what an error of each row is measured by
    arrays_moved: int  # how many arrays of the input's shape cross the memory bus at least
    a_number_a_row: bool = False  # what the result is; else it has the input's shape


FUNCTIONS = {
    "softmax": Function(logits, exact_softmax, result_scale, 2),
    "softmax_backward": Function(probabilities_and_gradient, exact_backward, backward_scale, 3),
    "log_softmax": Function(logits, exact_log_softmax, result_scale, 2),
    "logsumexp": Function(logits, exact_logsumexp, input_scale, 1, True),
    # The loss of each row.
    "cross_entropy": Function(logits_and_labels, exact_cross_entropy, input_scale, 1, True),
    # The loss summed over the rows, and its gradient with respect to the logits: forward and backward.
    "cross_entropy_gradient": Function(logits_and_labels, exact_cross_entropy_gradient, unit_scale, 2),
}
