"""The contenders' names, as tables and pictures show them. Apart from peers, whose import loads every library."""

OURS = "libsmx"
OURS_ON_ONE_THREAD = "libsmx on one thread"  # what several threads are measured against, in the same turns
WITHOUT = "libsmx without"  # what a call with an option is measured against
MEMCPY, STREAMING = COPIES = ("memcpy", "streaming copy")
PYTORCH, ONEDNN, ONNX_RUNTIME, XNNPACK, JAX, SCIPY = RIVALS = (
    *("PyTorch", "oneDNN", "ONNX Runtime"),
    *("XNNPACK", "JAX", "SciPy"),
)
NAMES = (OURS, OURS_ON_ONE_THREAD, WITHOUT, *COPIES, *RIVALS)
