"""A plugin of pytest: in SciPy's own tests of these functions, ours stand in place of SciPy's.

    SCIPY_ARRAY_API=1 pytest -p scipy_in_place --pyargs scipy.special.tests.test_logsumexp
"""

import sys

import smx.scipy

TESTS = "scipy.special.tests.test_logsumexp"


def pytest_collection_finish(session):
    """The decorators of the tests want SciPy's; their bodies take what the module holds when they run."""
    module = sys.modules[TESTS]
    for name in smx.scipy.__all__:
        assert hasattr(module, name)
        setattr(module, name, getattr(smx.scipy, name))
    module.smx_in_place = True
    print(f"\n{TESTS}: ours stand in place of SciPy's")
