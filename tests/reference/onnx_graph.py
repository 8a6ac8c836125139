"""A network of whole numbers as a graph of ONNX's own quantised operators, channels first, built without our code.

ONNX Runtime multiplies uint8 by uint8 exactly on every processor, but int8 weights only where the processor has
instructions for it (older ones saturate a sum of two products at 16 bits). So with `shifted` all tensors are uint8:
what is signed has a zero point of 128.
"""

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from circuits.quantised.integers import IntegerNetwork, ValueLayer

OPSET, IR = 13, 8  # quantised convolutions and matrices, pools of 8 bits; what ONNX Runtime 1.9 and later reads


class Graph:
    """Nodes and constants as they are added; `shifted`: all uint8, see above."""

    def __init__(self, shifted: bool):
        self.shifted, self.nodes, self.constants = shifted, [], []

    def constant(self, value) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], **attributes) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def stored(self, values: np.ndarray, signed: bool) -> np.ndarray:
        """Whole numbers in the type that they have in the graph."""
        if self.shifted:
            return (values + 128 * signed).astype(np.uint8)
        return values.astype(np.int8 if signed else np.uint8)

    def zero(self, signed: bool, n: int | None = None) -> str:
        """A zero point, or one for each of n channels."""
        return self.constant(self.stored(np.zeros(() if n is None else n, int), signed))


def build(network: IntegerNetwork, shifted: bool) -> ModelProto:
    """The whole chain, from an input `x` to an output `y`."""
    graph, unit, name, shape = Graph(shifted), network.unit, "x", network.shape_in
    for layer in network.layers:
        if layer.kind == "dense":
            name = dense(graph, layer, name, unit, shape)
            shape = (layer.n_out,)
        else:
            name = pooled(graph, layer, name) if layer.kind == "max_pool" else conv(graph, layer, name, unit)
            shape = (*layer.grid_out, layer.n_out)
        unit = layer.unit
    graph.nodes[-1].output[0] = "y"
    kinds = {True: TensorProto.INT8, False: TensorProto.UINT8}
    ends = [
        helper.make_tensor_value_info(end, kinds[signed and not shifted], ["clip", *sizes])
        for end, signed, sizes in (
            ("x", network.signed_input, first(network.shape_in)),
            ("y", not network.layers[-1].relu, first(shape)),
        )
    ]
    made = helper.make_graph(graph.nodes, "network", ends[:1], ends[1:], graph.constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)


def first(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Channels last to channels first, without the clips."""
    return (shape[-1], *shape[:-1])


def scales(graph: Graph, layer: ValueLayer, unit: float) -> tuple[list[str], list[str], list[str]]:
    """Scale and zero point of input, weights and output."""
    step = (layer.multiplier * 2.0**-16 * layer.unit / unit).astype(np.float32)
    return (
        [graph.constant(np.float32(unit)), graph.zero(layer.signed_input)],
        [graph.constant(step), graph.zero(True, layer.n_out)],
        [graph.constant(np.float32(layer.unit)), graph.zero(not layer.relu)],
    )


def conv(graph: Graph, layer: ValueLayer, x: str, unit: float) -> str:
    """A convolution; a mean is one of each channel by itself, with weights of 1."""
    grid = layer.convolution
    mean = layer.kind == "mean_pool"
    weights = np.ones((layer.n_out, 1, *grid.kernel), int) if mean else layer.weights.astype(int)
    ins, own, outs = scales(graph, layer, unit)
    inputs = [x, *ins, graph.constant(graph.stored(weights, True)), *own, *outs, graph.constant(layer.bias)]
    sizes = {"kernel_shape": grid.kernel, "strides": grid.stride, "pads": 2 * grid.padding}
    return graph.node("QLinearConv", inputs, group=layer.n_out if mean else grid.groups, **sizes)


def pooled(graph: Graph, layer: ValueLayer, x: str) -> str:
    return graph.node("MaxPool", [x], kernel_shape=layer.convolution.kernel, strides=layer.convolution.stride)


def dense(graph: Graph, layer: ValueLayer, x: str, unit: float, shape: tuple[int, ...]) -> str:
    """A product of matrices; with a bias, which ONNX's has not, a convolution with a kernel of 1."""
    order = np.arange(np.prod(shape)).reshape(shape)
    order = np.moveaxis(order, -1, 0).ravel()  # rows as they lie with channels first
    weights = layer.weights[order].astype(int)
    flat = graph.node("Flatten", [x])
    ins, own, outs = scales(graph, layer, unit)
    if not layer.bias.any():
        return graph.node("QLinearMatMul", [flat, *ins, graph.constant(graph.stored(weights, True)), *own, *outs])
    column = graph.node("Reshape", [flat, graph.constant(np.array([0, -1, 1]))])
    kernel = graph.constant(graph.stored(weights.T[..., None], True))
    y = graph.node("QLinearConv", [column, *ins, kernel, *own, *outs, graph.constant(layer.bias)])
    return graph.node("Flatten", [y])
