"""A plugin of pytest: in SciPy's own tests of these functions, ours stand in place of SciPy's.

SCIPY_ARRAY_API=1 pytest -p scipy_in_place --pyargs scipy.special.tests.test_logsumexp
"""

import smx.scipy


def pytest_collection_finish(session):
    """The decorators of the tests want SciPy's; their bodies take what the module holds when they run."""
    for module in {item.module for item in session.items}:
        for name in smx.scipy.__all__:
            if hasattr(module, name):
                setattr(module, name, getattr(smx.scipy, name))
                print(f"\n{module.__name__}: our {name} stands in place of SciPy's")
