"""SciPy, which has one thread, no backward pass and no loss. It computes halves in their own type."""

import names
import scipy
from functions import AXIS
from scipy import special


class SciPy:
    name = names.SCIPY

    def __init__(self, _threads, _libraries):
        self.version = scipy.__version__

    def call(self, function, x):
        if x.itemsize < 4:
            return None
        run = lambda: function(x, axis=AXIS)  # noqa: E731
        return run, run

    def softmax(self, x, _y):
        return self.call(special.softmax, x)

    def log_softmax(self, x, _y):
        return self.call(special.log_softmax, x)

    def logsumexp(self, x, _lse):
        return self.call(special.logsumexp, x)
