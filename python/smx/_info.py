"""What `smx.info()` says."""

from typing import NamedTuple

from smx import _core


class Info(NamedTuple):
    """This build on this machine."""

    version: str  #: of the C library
    isa: str  #: the instruction set in use
    isas: list[str]  #: those that can be used here, best first
    threads: int  #: how many a call uses at most by default


def info() -> Info:
    """Version, instruction sets and threads of the library.

    >>> import smx
    >>> "scalar" in smx.info().isas
    True
    """
    return Info(_core.version(), _core.isa(), _core.isas(), _core.threads())
