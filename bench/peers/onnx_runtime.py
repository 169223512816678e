"""ONNX Runtime (its CPU kernels are MLAS), a model of one node, its inputs and output bound to the given arrays.

For f16, and for the loss, it makes several nodes of that one.
"""

import held
import names
import onnx
from functions import AXIS
from onnx import TensorProto, helper

held.hold("onnxruntime", "capi/onnxruntime_pybind11_state*.so")
import onnxruntime  # noqa: E402

TYPES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "float16": TensorProto.FLOAT16,
    "int64": TensorProto.INT64,
}
OPSET = 17  # far enough for every function here, and read by every ONNX Runtime since 2022
IR_VERSION = 8


def described(name, array):
    return helper.make_tensor_value_info(name, TYPES[array.dtype.name], array.shape)


class OnnxRuntime:
    name = names.ONNX_RUNTIME

    def __init__(self, threads, _libraries):
        self.threads = threads
        self.version = onnxruntime.__version__

    def session(self, operator, *arrays, **attributes):
        """`arrays`: the inputs, and the output last. No type that it has not: it has no kernels for bfloat16."""
        if any(array.dtype.name not in TYPES for array in arrays):
            return None
        *inputs, y = arrays
        inputs = {f"x{i}": x for i, x in enumerate(inputs)}
        node = helper.make_node(operator, list(inputs), ["y"], **attributes)
        graph = helper.make_graph([node], operator, [described(*x) for x in inputs.items()], [described("y", y)])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        for name, x in inputs.items():
            binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(x))
        binding.bind_output("y", "cpu", 0, y.dtype, y.shape, y.ctypes.data)
        return lambda: session.run_with_iobinding(binding), lambda: y

    def softmax(self, x, y):
        return self.session("Softmax", x, y, axis=AXIS)

    def log_softmax(self, x, y):
        return self.session("LogSoftmax", x, y, axis=AXIS)

    def logsumexp(self, x, lse):
        return self.session("ReduceLogSumExp", x, lse, axes=[AXIS], keepdims=0)

    def cross_entropy(self, x, labels, loss):
        return self.session("SoftmaxCrossEntropyLoss", x, labels, loss, reduction="none")
