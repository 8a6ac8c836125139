"""A network that somebody else trained in torch, read from what `torch.export` made of it.

exported = torch.export.export(model.eval(), (example,))
spec = network_of(exported, name="mine", labels=("yes", "no"))
"""

import operator
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Node
from torch.fx.node import map_arg

from circuits.errors import InputError
from circuits.network.spec import NetworkSpec
from circuits.units import Seconds
from snn.interop.chain import Chain, Refusal
from snn.interop.operators import OPERATORS
from snn.interop.remedies import BRANCHES, remedy

ROW: Seconds = 0.01  # of features; a network of values has no time of its own


def network_of(exported: ExportedProgram, *, name: str, labels: tuple[str, ...] = (), dt: Seconds = ROW) -> NetworkSpec:
    """The layers of an exported module, in evaluation, its normalisations folded in.

    The first axis of its one input is the batch; the others are those of the example, channels first. Reads chains of
    linear layers, convolutions, batch normalisation, ReLU, pools and what only reshapes; dt (s): of a row of features.
    Raises: InputError naming every operator that no layer can do, where in the module it is, why, and a remedy.
    """
    reader = _Reader(exported)
    chain = reader.read()
    if reader.refused:
        n = len(reader.refused)
        what = "1 operator" if n == 1 else f"{n} operators"
        raise InputError(f"network {name!r}: {what} cannot be a layer: " + "; ".join(reader.refused))
    if not chain.layers:
        raise InputError(f"network {name!r}: the module has no layers, at least 1 is needed; export a trained network")
    if labels and len(labels) != chain.layers[-1].n_neurons:
        raise InputError(
            f"network {name!r}: {len(labels)} labels, the module gives {chain.layers[-1].n_neurons} values; name each"
        )
    return NetworkSpec(name, dt, chain.layers, tuple(labels), input_name="features")


class _Reader:
    """One pass through the operators; `refused`: a line for each that cannot be."""

    def __init__(self, exported: ExportedProgram):
        self.exported, self.refused = exported, []
        self.fluid = False  # whether an input has no fixed size: then nothing behind it has, and it is said once
        self.known: dict[Node, Any] = {}  # a Chain, a constant, or what is no tensor
        self.anew: set[Node] = set()  # operators that were refused

    def read(self) -> Chain:
        """The whole chain; after refusals one that begins anew at each."""
        inputs = self._inputs()
        for node in self.exported.graph.nodes:
            if node.op == "call_function" and not self.fluid:
                self.known[node] = self._done(node)
        return self._output() if inputs == 1 else Chain((), ())

    def _inputs(self) -> int:
        """Fill in constants and the input, and count the inputs."""
        signature, fluid = self.exported.graph_signature, False
        named = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
        named |= signature.inputs_to_lifted_tensor_constants
        stored = {**self.exported.constants, **self.exported.state_dict}
        users = [node for node in self._placeholders() if node.name in signature.user_inputs]
        for node in self._placeholders():
            if node.name in named:
                self.known[node] = stored[named[node.name]]
        for node in users:
            fluid |= self._take(node)
        if len(users) != 1:
            self.refused.append(f"the module takes {len(users)} inputs, exactly 1 is possible; {BRANCHES}")
        self.fluid = fluid
        return len(users)

    def _placeholders(self) -> Iterator[Node]:
        return (node for node in self.exported.graph.nodes if node.op == "placeholder")

    def _take(self, node: Node) -> bool:
        """Begin a chain at an input. True where sizes behind the batch are not fixed."""
        shape = tuple(node.meta["val"].shape[1:]) if isinstance(node.meta["val"], Tensor) else ()
        moving = [axis for axis, size in enumerate(shape, 1) if not isinstance(size, int)]
        if moving:
            self.refused.append(
                f"input {node.name!r}: axis {moving[0]} has no fixed size; export without dynamic_shapes but for axis 0"
            )
        elif not shape:
            self.refused.append(f"input {node.name!r} has no axis behind the batch; give it (batch, ...) values")
        self.known[node] = Chain((), () if moving else shape)
        return bool(moving) or not shape

    def _output(self) -> Chain:
        (node,) = (node for node in self.exported.graph.nodes if node.op == "output")
        wanted = self.exported.graph_signature.user_outputs
        outputs = [arg for arg in node.args[0] if isinstance(arg, Node) and arg.name in wanted]
        found = [self.known.get(arg) for arg in outputs]
        if len(wanted) != 1 or not isinstance(found[0] if found else None, Chain):
            if not self.fluid:
                self.refused.append(
                    f"the module gives {len(wanted)} outputs, exactly 1 that depends on the input is possible; return "
                    "the logits alone"
                )
            return Chain((), ())
        return found[0]

    def _done(self, node: Node) -> Any:
        """What an operator makes of what is known; where it is refused, a chain that begins anew."""
        try:
            if not isinstance(node.target, torch._ops.OpOverload):
                return self._plain(node)
            given = self._arguments(node)
            chains = _chains(given)
            if not chains:
                return self._evaluated(node)
            return self._applied(node, given, chains)
        except Refusal as refusal:
            self.refused.append(f"{_operator(node)} in {_where(node)}: {refusal}")
            self.anew.add(node)
            return _anew(node)

    def _plain(self, node: Node) -> Any:
        """Python's own: one of several results, or arithmetic of sizes."""
        if node.target is not operator.getitem:
            return None
        source, index = self.known.get(node.args[0]), node.args[1]
        if node.args[0] in self.anew:
            return _anew(node)
        if isinstance(source, Chain) and index and node.users:
            raise Refusal(f"result {index} of {_operator(node.args[0])} is used", "use the first one alone")
        return source if isinstance(source, Chain | None) else source[index]

    def _arguments(self, node: Node) -> dict[str, Any]:
        """Everything that the operator is given, defaults too, by name."""
        schema = node.target._schema.arguments
        found = {argument.name: argument.default_value for argument in schema if argument.has_default_value()}
        found |= dict(zip((argument.name for argument in schema), node.args, strict=False)) | node.kwargs
        return map_arg(found, lambda arg: self.known.get(arg))

    def _evaluated(self, node: Node) -> Any:
        """What comes of constants alone, a transposed weight for instance."""
        if torch.Tag.nondeterministic_seeded in node.target.tags:
            raise Refusal("draws random numbers", "leave it out")
        args, kwargs = (map_arg(part, self._copied) for part in (node.args, node.kwargs))
        with torch.no_grad():
            return node.target(*args, **kwargs)

    def _copied(self, node: Node) -> Any:
        value = self.known.get(node)
        return value.detach().clone() if isinstance(value, Tensor) else value

    def _applied(self, node: Node, given: dict[str, Any], chains: list[Chain]) -> Any:
        name = _operator(node)
        if name.startswith(("sym_size", "_assert")):
            return None
        if len(chains) > 1:
            raise Refusal("joins two branches", BRANCHES)
        rule = OPERATORS.get(name)
        if rule is None:
            raise Refusal("no layer does that", remedy(name))
        shape = self._shape_behind_the_batch(node)
        result = rule(chains[0], given, _path(node) or name, shape)
        if name.endswith("_") and isinstance(node.args[0], Node):
            self.known[node.args[0]] = result  # in place: whoever reads it later reads the new values
        return result

    def _shape_behind_the_batch(self, node: Node) -> tuple[int, ...]:
        """Of the output. Raises: Refusal unless its first axis is the batch as it came in."""
        batch = next(arg for arg in node.all_input_nodes if isinstance(self.known.get(arg), Chain)).meta["val"]
        value = node.meta["val"][0] if isinstance(node.meta["val"], tuple | list) else node.meta["val"]
        batch = batch[0] if isinstance(batch, tuple | list) else batch
        if not value.dim() or str(value.shape[0]) != str(batch.shape[0]):
            raise Refusal(
                f"makes {tuple(value.shape)} of {tuple(batch.shape)}, the batch is no longer the first axis",
                "flatten from axis 1 on, squeeze a named axis",
            )
        return tuple(int(size) for size in value.shape[1:])


def _chains(given: dict[str, Any]) -> list[Chain]:
    """Every argument that depends on the input, those inside lists too."""
    found = []
    for value in given.values():
        found += [part for part in (value if isinstance(value, list | tuple) else [value]) if isinstance(part, Chain)]
    return found


def _operator(node: Node) -> str:
    """conv2d of aten::conv2d."""
    schema = getattr(node.target, "_schema", None)
    return schema.name.partition("::")[2] if schema else getattr(node.target, "__name__", str(node.target))


def _path(node: Node) -> str:
    """The module in the user's code that the operator is of; empty for the whole."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    return stack[-1][0] if stack else ""


def _where(node: Node) -> str:
    return repr(_path(node)) if _path(node) else "the module's own forward"


def _anew(node: Node) -> Chain:
    """A chain that begins at the output of an operator, so that what follows is looked at too."""
    value = node.meta["val"]
    value = value[0] if isinstance(value, tuple | list) else value
    return Chain((), tuple(value.shape[1:]) if isinstance(value, Tensor) else ())
