"""The instruction sets that are measured: those of libsmx on this processor, with the peers held to the same.

Peers choose the best by themselves. Below that, the environment holds them, which they read when they are loaded: so
each instruction set has processes of its own. ONNX Runtime and XNNPACK have no such setting: see held.py.
"""

import ctypes

import held

# What holds them. That it does can be seen: torch.backends.cpu.get_cpu_capability(), ONEDNN_VERBOSE=1, numpy's
# __cpu_features__, and results of ONNX Runtime and XNNPACK whose last bits are others than on AVX-512.
HELD = {
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",  # PyTorch
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",  # what PyTorch calls for tanh
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "DNNL_MAX_CPU_ISA": "AVX2",  # oneDNN's older name of it
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",  # numpy, which SciPy computes with
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",  # JAX
    }
}


def available(libraries):
    """Best first."""
    library = ctypes.CDLL(str(libraries / "libsmx.so"))
    library.smx_isa_available.argtypes = [ctypes.c_size_t]
    library.smx_isa_available.restype = ctypes.c_char_p
    found = []
    while isa := library.smx_isa_available(len(found)):
        found.append(isa.decode())
    return found


def measurable(libraries):
    """The best, and those below it that peers can be held to. Best first."""
    best, *others = available(libraries)
    return [best, *(isa for isa in others if isa in HELD)]


def environment(isa, libraries):
    """What a measuring process of an instruction set needs so that nobody uses a better one."""
    if isa == available(libraries)[0]:
        return {"SMX_ISA": isa}
    return {"SMX_ISA": isa, held.HOLD: str((libraries / "libbench_hold.so").resolve())} | HELD[isa]
