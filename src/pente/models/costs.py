"""What one example costs: the multiply-adds of each layer, and the memory of what the layers give.

The model runs once on shapes alone, with a batch of one. The multiply-adds are those of the matrix products and the
convolutions in the program that comes of it, so that layers of one's own are counted like all others.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from pente import tree
from pente.autodiff.watching import Watch, watching
from pente.core import primitives as p
from pente.core.dispatch import node_of
from pente.core.node import Node, Spec, ancestors, is_abstract, spec_of
from pente.core.primitives import Composite
from pente.core.state import layer_path, no_grad
from pente.core.tensor import Tensor
from pente.core.tracer import Tracer, placeholder, trace, tracing
from pente.errors import PenteError
from pente.layers import InputLayer
from pente.layers.calls import alone
from pente.layers.symbolic import SymbolicTensor

if TYPE_CHECKING:
    from pente.models.model import Model

__all__ = ["Costs", "costs_of", "multiply_adds"]

LENGTH = 64  # what stands for an open length


@dataclass(frozen=True)
class Costs:
    """Multiply-adds by the path of the layer that does them, and the bytes that all layers without parts give.

    Where ``open`` holds, a length besides the batch is open: then only a zero is sure.
    """

    work: Counter[str]
    outputs: int
    open: bool = False

    def of(self, path: str) -> int | None:
        """The multiply-adds of a layer and all below it, where they are known."""
        total = sum(n for each, n in self.work.items() if not path or each == path or each.startswith(f"{path}/"))
        return None if self.open and total else total

    @property
    def memory(self) -> int | None:
        """The bytes of the outputs, where they are known."""
        return None if self.open else self.outputs


def costs_of(model: "Model") -> Costs | None:
    """What one example costs, or None where the model has not seen an input or cannot run on shapes alone."""
    inputs = model.graph.inputs if model.graph is not None else model.seen_inputs
    if inputs is None:
        return None
    given = [x for x in tree.leaves(inputs) if isinstance(x, SymbolicTensor)]
    rows = next((x.shape[0] for x in given if x.shape and x.shape[0]), 1)
    watch = Watch(["*"], {id(layer): path for path, layer in model.walk()})
    added = model.added_losses
    try:
        with tracing(Tracer()), no_grad(), alone(), watching(watch):
            result = model.run((tree.map_leaves(_blank, inputs),), {"training": False})
    except (PenteError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        return None  # a call of one's own may ask for anything
    finally:
        vars(model)["added_losses"] = added
    parts = [path for path, layer in model.walk() if not (layer.children() or isinstance(layer, InputLayer))]
    outputs = tree.leaves([watch.values[path] for path in parts if path in watch.values])
    work = multiply_adds(ancestors(map(node_of, _tensors(result))))
    return Costs(
        Counter({path: n // rows for path, n in work.items()}),
        sum(prod(x.shape) * x.dtype.itemsize for x in _tensors(outputs)) // rows,
        any(None in x.shape[1:] for x in given),
    )


def _blank(x: Any) -> Any:
    if not isinstance(x, SymbolicTensor):
        return x
    first, *rest = x.shape
    return placeholder(Spec((first or 1, *(LENGTH if n is None else n for n in rest)), x.dtype))


def _tensors(values: Any) -> list[Tensor]:
    return [x for x in tree.leaves(values) if isinstance(x, Tensor)]


def multiply_adds(nodes: Iterable[Node]) -> Counter[str]:
    """The multiply-adds of a program, by the path of the layer; those that depend on the data alone."""
    total: Counter[str] = Counter()
    for node in nodes:
        if node.op is not None and is_abstract(node.value):
            total[node.path] += _products(node)
            for times, body in _bodies(node):
                total.update({path: times * n for path, n in multiply_adds(body).items()})
    return +total


def _products(node: Node) -> int:
    """Of one operation: for each number of the result, or for each that is spread, the length of its sum."""
    if node.op is p.matmul:
        return prod(node.shape) * node.inputs[0].shape[-1]
    if node.op is p.conv:
        return prod(node.shape) * prod(node.inputs[1].shape[:-1])
    if node.op is p.conv_input:
        return prod(node.inputs[0].shape) * prod(node.inputs[1].shape[:-1])
    if node.op is p.conv_kernel:
        return prod(node.inputs[1].shape) * prod(node.shape[:-1])
    return 0


def _bodies(node: Node) -> list[tuple[int, Iterable[Node]]]:
    """The programs inside of an operation, and how often each runs."""
    params: Any = node.params
    if node.op is p.scan:
        return [(params["length"], params["body"].nodes)]
    if node.op is p.remat:
        return [(1, params["body"].nodes)]
    if node.op is p.cond:
        ways = [params["on_true"].nodes, params["on_false"].nodes]
        return [(1, max(ways, key=lambda nodes: multiply_adds(nodes).total()))]
    if node.op is p.custom:
        return [(1, _traced(node, lambda *xs: params["function"](*xs)[0]))]
    if isinstance(node.op, Composite):
        body = node.op.body
        return [(1, _traced(node, lambda *xs: body(*xs, **params)))]
    return []


def _traced(node: Node, function: Any) -> Iterable[Node]:
    with layer_path(node.path):
        return trace(function, [spec_of(x.value) for x in node.inputs])[0].nodes
