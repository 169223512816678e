"""XNNPACK, by way of LiteRT: a model of one node, which the runtime hands to XNNPACK.

Its tensors lie in memory of its own; the input is copied there once, before the time is taken.
"""

from importlib.metadata import version

import flatbuffers
import held
import names
import numpy as np

held.hold("ai_edge_litert", "libLiteRt.so", "libpywrap_litert_common.so")
from ai_edge_litert import interpreter  # noqa: E402
from ai_edge_litert import schema_py_generated as schema  # noqa: E402

SCHEMA_VERSION = 3
MAX_BYTES = 1 << 30  # below the 2 GiB that a flat buffer's arena can hold


def tensor(name, shape):
    t = schema.TensorT()
    t.name, t.shape, t.type, t.buffer = name, list(shape), schema.TensorType.FLOAT32, 0
    return t


def softmax_model(shape):
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SOFTMAX
    code.version = 1
    node = schema.OperatorT()
    node.opcodeIndex, node.inputs, node.outputs = 0, [0], [1]
    node.builtinOptionsType = schema.BuiltinOptions.SoftmaxOptions
    node.builtinOptions = schema.SoftmaxOptionsT()
    node.builtinOptions.beta = 1.0
    graph = schema.SubGraphT()
    graph.tensors = [tensor("x", shape), tensor("y", shape)]
    graph.inputs, graph.outputs, graph.operators = [0], [1], [node]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = SCHEMA_VERSION, [code], [graph]
    model.buffers = [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class Xnnpack:
    name = names.XNNPACK

    def __init__(self, threads, _libraries):
        self.threads = threads
        self.version = f"in LiteRT {version('ai-edge-litert')}"

    def softmax(self, x, _y):
        if x.ndim != 2 or x.dtype != np.float32 or x.nbytes > MAX_BYTES:
            return None  # it knows the last axis only, and the halves not at all
        runner = interpreter.Interpreter(model_content=softmax_model(x.shape), num_threads=self.threads)
        runner.allocate_tensors()
        runner.set_tensor(runner.get_input_details()[0]["index"], x)
        output = runner.get_output_details()[0]["index"]
        return runner.invoke, lambda: runner.get_tensor(output)
