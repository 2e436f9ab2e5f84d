"""``loss.backward()``: leave the gradient at every tensor that the user still holds."""

from typing import Any

import numpy as np

from pente.autodiff.missing import LastBackward
from pente.autodiff.reverse import must_build_graph, recording, refuse_changed, walk_back
from pente.core.state import state
from pente.core.tensor import Handle, Tensor, Variable, attach
from pente.errors import GradientError, ShapeError, UsageError
from pente.ops.lifting import lift

__all__ = ["backward"]


def backward(self: Handle, gradient: Any = None, *, create_graph: bool = False, **habits: Any) -> None:
    """Add d self / d x to ``x.grad`` of every tensor x that this one was computed from.

    The tensor is a single number, or ``gradient`` says what flows into it. It may be called again, and adds up. Inner
    tensors get their gradient too, for as long as they are held. With ``create_graph`` the gradients can be
    differentiated themselves.

    >>> import pente
    >>> x = pente.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad.tolist()
    [2.0, 4.0]
    """
    _refuse_habits(habits)
    root = self.read() if isinstance(self, Variable) else self
    if not isinstance(root, Tensor) or root.node is None or not root.node.tracked:
        raise GradientError(
            "backward() from a tensor that depends on nothing with a gradient. Make an input with "
            "pente.tensor(x, requires_grad=True), or use trainable Variables, outside of pente.no_grad()."
        )
    graph = create_graph or must_build_graph([root])
    seed = _seed(root, gradient)
    last = LastBackward()
    with np.errstate(all="ignore"), recording(graph):
        for node, g in walk_back({root.node: seed if graph else seed.data}, None, graph, last.cuts):
            handle = node.handle() if node.handle is not None else None
            if handle is not None:
                refuse_changed(node)
                handle.deposit(g if graph else Tensor(g))
    state.backward = last


def _seed(root: Tensor, gradient: Any) -> Tensor:
    if gradient is None:
        if root.size != 1:
            raise ShapeError(
                f"backward() wants a single number, and this tensor has shape {root.shape}. Reduce it first, "
                "y.sum().backward(), or say what flows into it, y.backward(gradient)."
            )
        return Tensor(np.array(1, root.dtype, ndmin=root.ndim))
    seed = lift(gradient, root.dtype)
    if seed.shape != root.shape:
        raise ShapeError(f"the gradient for a tensor of shape {root.shape} has shape {seed.shape}.")
    return seed.astype(root.dtype)


def _refuse_habits(habits: dict[str, Any]) -> None:
    if "retain_graph" in habits:
        raise UsageError("backward() needs no retain_graph: the graph stays as long as the loss is held. Leave it out.")
    if habits:
        raise UsageError(f"backward() got an unexpected keyword {next(iter(habits))!r}.")


attach(backward=backward)
