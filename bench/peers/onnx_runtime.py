"""ONNX Runtime (its CPU kernels are MLAS), a model of one node, its input and output bound to the given arrays."""

import onnx
import onnxruntime
from onnx import TensorProto, helper

TYPES = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}
OPSET = 17  # far enough for every function here, and read by every ONNX Runtime since 2022
IR_VERSION = 8


class OnnxRuntime:
    name = "ONNX Runtime"

    def __init__(self, threads, _libraries):
        self.threads = threads
        self.version = onnxruntime.__version__

    def session(self, operator, x, y, **attributes):
        node = helper.make_node(operator, ["x"], ["y"], **attributes)
        graph = helper.make_graph(
            [node],
            operator,
            [helper.make_tensor_value_info("x", TYPES[x.dtype.name], x.shape)],
            [helper.make_tensor_value_info("y", TYPES[y.dtype.name], y.shape)],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(x))
        binding.bind_output("y", "cpu", 0, y.dtype, y.shape, y.ctypes.data)
        return lambda: session.run_with_iobinding(binding), lambda: y

    def softmax(self, x, y):
        return self.session("Softmax", x, y, axis=-1)

    def log_softmax(self, x, y):
        return self.session("LogSoftmax", x, y, axis=-1)
