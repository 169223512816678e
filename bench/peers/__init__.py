"""The contenders. Each is a class with a name, made with a number of threads, and a method for each function it has.

A method gets the input arrays and the output array and returns (run, read): `run()` computes once and returns when the
result is there, `read()` then gives the result as an array. Where a contender can write into the output array it does;
else it makes its result anew on each call, as its users have it, from an allocator that keeps freed memory.
A method that returns None, or is missing, says that this contender has no such thing for these arrays.
"""

from . import copies, jax_jit, libsmx, litert, onnx_runtime, pytorch, scipy_special

OURS = libsmx.Libsmx.name
OURS_ON_ONE_THREAD = libsmx.OneThread.name
STREAMING = copies.Streaming.name
COPIES = (copies.Memcpy.name, STREAMING)
OTHERS = (
    pytorch.PyTorch,
    pytorch.OneDnn,
    onnx_runtime.OnnxRuntime,
    litert.Xnnpack,
    jax_jit.Jax,
    scipy_special.SciPy,
)
RIVALS = tuple(c.name for c in OTHERS)
CLASSES = (libsmx.Libsmx, libsmx.OneThread, copies.Memcpy, copies.Streaming, *OTHERS)
NAMES = tuple(c.name for c in CLASSES)


def make(threads, libraries):
    return [c(threads, libraries) for c in CLASSES if threads > 1 or c is not libsmx.OneThread]


def prepare(contender, case, inputs, out):
    method = getattr(contender, case.function, None) or getattr(contender, "any_function", None)
    return method(*inputs, out) if method else None
