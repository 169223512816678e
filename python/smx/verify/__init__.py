"""How far a softmax is off, and how its bits depend on what they should not: for a function of yours, beside ours.

>>> import numpy as np
>>> from smx.verify import verify
>>> def mine(x):
...     e = np.exp(x - x.max(-1, keepdims=True))
...     return e / e.sum(-1, keepdims=True)
>>> report = verify(mine, n=100, rows=2)
>>> report.changed["smx"]["permuted"]
0.0
>>> report.worst("smx").ulp < 4.25 < report.worst("mine").ulp
True

`print(report)` gives a table with the worst inputs known, `report.picture("verify.png")` a picture (matplotlib), and
`python -m smx.verify torch scipy` the same on the command line. The oracle is mpmath.
"""

from smx.verify.report import Report, verify
from smx.verify.subject import Subject

__all__ = ["Report", "Subject", "verify"]
