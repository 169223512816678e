"""The contenders. Each is a class with a name, made with a number of threads, and a method for each function it has.

A method gets the input arrays and the output array and returns (run, read): `run()` computes once and returns when the
result is there, `read()` then gives the result as an array. Where a contender can write into the output array it does;
else it makes its result anew on each call, as its users have it, from an allocator that keeps freed memory.
A method that returns None, or is missing, says that this contender has no such thing for these arrays.

Those of a call with an option have one method, `with_option(function, given, out)`, which returns the same.
"""

import names

from . import copies, jax_jit, libsmx, libsmx_options, litert, onnx_runtime, pytorch, pytorch_options, scipy_special

CLASSES = (
    *(libsmx.Libsmx, libsmx.OneThread, copies.Memcpy, copies.Streaming, pytorch.PyTorch, pytorch.OneDnn),
    *(onnx_runtime.OnnxRuntime, litert.Xnnpack, jax_jit.Jax, scipy_special.SciPy),
)
OPTION_CLASSES = (libsmx_options.With, libsmx_options.Without, pytorch_options.Way)


def make(threads, libraries):
    """Those of plain calls, and those of calls with an option. SciPy has one thread, whatever there are."""
    left_out = names.OURS_ON_ONE_THREAD if threads == 1 else names.SCIPY

    def of(classes):
        return [c(threads, libraries) for c in classes if c.name != left_out]

    return of(CLASSES), of(OPTION_CLASSES)


def prepare(contender, case, inputs, out):
    if case.option:
        return contender.with_option(case.function, inputs, out)
    method = getattr(contender, case.function, None) or getattr(contender, "any_function", None)
    return method(*inputs, out) if method else None
