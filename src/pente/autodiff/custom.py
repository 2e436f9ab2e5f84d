"""The user's own gradient, and recomputation instead of memory."""

import functools
from collections.abc import Callable
from typing import Any

from pente import tree
from pente.core import primitives as p
from pente.core.dispatch import bind, bind_many
from pente.core.graph import close
from pente.core.node import spec_of
from pente.core.tensor import Tensor
from pente.core.tracer import trace
from pente.ops.lifting import lift

__all__ = ["custom_gradient", "remat"]


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Tensor]:
    """Give a function a gradient of your own: f returns its value, and a function from g to the inputs' gradients.

    f is called again on the way back, so it must be pure. In forward mode it has no derivative.

    >>> import pente
    >>> @pente.custom_gradient
    ... def clipped(x):
    ...     return x, lambda g: g.clip(-1.0, 1.0)
    >>> pente.grad(lambda x: clipped(x) * 5.0)(2.0).item()
    1.0
    """

    @functools.wraps(f)
    def wrapped(*args: Any) -> Tensor:
        return bind(p.custom, tuple(map(lift, args)), {"function": f})

    return wrapped


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """Keep nothing of what f computes inside: the way back computes it again. Saves memory, costs time.

    >>> import pente
    >>> pente.grad(pente.remat(lambda x: (x * x).sin()))(0.0).item()
    0.0
    """

    @functools.wraps(f)
    def wrapped(*args: Any) -> Any:
        items, structure = tree.flatten(list(args))
        tensors = tuple(map(lift, items))
        graph, shape = trace(lambda *xs: f(*tree.unflatten(structure, xs)), [spec_of(x.data) for x in tensors])
        outer = tuple(Tensor(node.value, node) for node in graph.captured)
        variables = list(graph.assigned)
        whole = close(graph)
        body = type(whole)(whole.inputs, (), whole.nodes, (*graph.outputs, *graph.assigned.values()))
        outs = bind_many(p.remat, (*tensors, *outer), {"body": body})
        for variable, value in zip(variables, outs[len(graph.outputs) :], strict=True):
            variable.assign(value)
        return tree.unflatten(shape, outs[: len(graph.outputs)])

    return wrapped
