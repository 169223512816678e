"""The softmax layer, with the same bits everywhere.

Softmax, log-softmax, logsumexp and cross-entropy, with their gradients, gradients of gradients and masks, on arrays of
NumPy, PyTorch and whatever else speaks DLPack: any axis and strides, in f16, bf16, f32 and f64. A result depends on the
values of its inputs and on nothing else: not on the instruction set, the number of threads, the batch, or the place of
an entry in its row. Each function states its error bound.

>>> import numpy as np, smx
>>> smx.softmax(np.array([[1, 2, 3], [1001, 1002, 1003]], np.float32))
array([[0.09003057, 0.24472848, 0.66524094],
       [0.09003057, 0.24472848, 0.66524094]], dtype=float32)
"""

from smx._core import *  # noqa: F403
from smx._core import isa, isas, threads, version
from smx._info import Info, info

__version__ = version()
del isa, isas, threads, version
