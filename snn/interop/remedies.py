"""What to do instead of an operator that no layer can do."""

ANYTHING = "use Linear, Conv1d, Conv2d, BatchNorm, ReLU, MaxPool, AvgPool, Flatten and Dropout"
BRANCHES = "make the network one chain: no layer takes two inputs"

_OF: dict[str, tuple[str, ...]] = {
    "a state of values has no counterpart: use convolutions over time, or spiking layers": (
        "gru", "lstm", "rnn_tanh", "rnn_relu",
    ),
    "use ReLU": (
        "sigmoid", "tanh", "gelu", "silu", "elu", "celu", "selu", "leaky_relu", "hardtanh", "hardtanh_", "hardswish",
        "prelu", "_prelu_kernel", "clamp",
    ),
    "leave it out of what is exported: the largest value wins either way": (
        "softmax", "log_softmax", "_softmax", "_log_softmax", "argmax",
    ),
    "give the input in the order that the first layer takes, channels behind the batch": (
        "transpose", "permute", "t", "movedim", "swapaxes",
    ),
    "use BatchNorm, which folds into the layer before": (
        "layer_norm", "native_layer_norm", "group_norm", "native_group_norm", "instance_norm",
    ),
    "use the convolution's own padding, with zeros": ("pad", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d"),
    "call model.eval() before the export": ("_batch_norm_with_update", "_batch_norm_with_update_functional"),
    "its weights depend on the input: use convolutions": ("scaled_dot_product_attention",),
}  # fmt: skip
_BY_OPERATOR = {name: remedy for remedy, names in _OF.items() for name in names}


def remedy(operator: str) -> str:
    """For an operator of torch, named as in `aten::name`."""
    return _BY_OPERATOR.get(operator, ANYTHING)
