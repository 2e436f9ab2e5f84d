"""Functions of functions: derivatives as JAX writes them, with ``argnums``, or with respect to Variables, ``wrt``."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from pente import tree
from pente.autodiff.forward import push_forward
from pente.autodiff.missing import cuts, missing_reason
from pente.autodiff.reverse import fresh, gradients, recording
from pente.core.dispatch import node_of
from pente.core.node import is_abstract
from pente.core.state import state
from pente.core.tensor import Handle, Tensor, Variable
from pente.errors import GradientError, ShapeError, UsageError
from pente.ops.lifting import lift
from pente.ops.reduce import sum as sum_of
from pente.ops.shape import reshape, stack

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

Function = Callable[..., Any]


@contextmanager
def _watching() -> Iterator[None]:
    """Record, and let gradients that are computed inside be differentiated."""
    state.watchers += 1
    try:
        with recording(True):
            yield
    finally:
        state.watchers -= 1


def _variables(wrt: Any) -> list[Variable]:
    """The Variables of a model, a list of them, or one."""
    own = getattr(wrt, "trainable_variables", None)
    if own is not None:
        return list(own)
    found = tree.leaves(wrt)
    for v in found:
        if not isinstance(v, Variable):
            raise UsageError(f"wrt= is a model, a Variable or a list of them, and not {type(v).__name__}.")
    return found


class _Sources:
    """What a function is differentiated with respect to: arguments by place, or Variables."""

    def __init__(self, args: tuple[Any, ...], argnums: Any, wrt: Any) -> None:
        self.args = list(args)
        if wrt is not None:
            self.handles: list[Any] = _variables(wrt)
            self.leaves = [v.read() for v in self.handles]
            self.structure = (
                tree.flatten(wrt)[1]
                if isinstance(wrt, (Variable, list, tuple, dict))
                else [tree.LEAF] * len(self.leaves)
            )
            return
        places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        if not all(-len(args) <= place < len(args) for place in places):
            raise UsageError(
                f"argnums={argnums} names an argument that is missing: the function was given {len(args)}."
            )
        self.handles, self.leaves, structures = [], [], []
        for place in places:
            items, structure = tree.flatten(args[place])
            own = [fresh(x) for x in items]
            self.args[place] = tree.unflatten(structure, own)
            self.handles += [
                o if isinstance(x, Tensor) is False else _named(o, x) for o, x in zip(own, items, strict=True)
            ]
            self.leaves += own
            structures.append(structure)
        self.structure = structures[0] if isinstance(argnums, int) else tuple(structures)

    def take_in_what_was_built(self, model: Any) -> None:
        """A model may make weights when it is first called: those are sources, too."""
        known = {id(v): x for v, x in zip(self.handles, self.leaves, strict=True)}
        self.handles = list(model.trainable_variables)
        self.leaves = [known[id(v)] if id(v) in known else v.read() for v in self.handles]
        self.structure = [tree.LEAF] * len(self.leaves)

    def graph(self, root: Tensor) -> bool:
        """Whether the gradient may be differentiated in its turn."""
        from_outside = any(x.node is not None and x.node.inputs and x.node.inputs[0].tracked for x in self.leaves)
        return state.watchers > 0 or is_abstract(root.data) or from_outside

    def gradients_of(self, root: Tensor, seed: Tensor, graph: bool, strict: bool = True) -> Any:
        nodes = [node_of(x) for x in self.leaves]
        roots = {node_of(root): seed if graph else seed.data} if root.requires_grad else {}
        found = gradients(roots, nodes, graph) if roots else {}
        given = [self._one(i, found.get(n), root, graph, strict) for i, n in enumerate(nodes)]
        return tree.unflatten(self.structure, given)

    def _one(self, i: int, g: Any, root: Tensor, graph: bool, strict: bool) -> Tensor:
        if g is not None:
            return g if graph else Tensor(g)
        handle = self.handles[i]
        if strict and isinstance(handle, Variable):
            raise GradientError(
                f"{handle.name or 'a variable'} has no gradient: {missing_reason(handle, cuts([node_of(root)]))}"
            )
        return Tensor(np.zeros(self.leaves[i].shape, self.leaves[i].dtype))


def _named(new: Tensor, old: Tensor) -> Tensor:
    new.name = old.name
    return new


def value_and_grad(f: Function, argnums: Any = 0, *, wrt: Any = None, has_aux: bool = False) -> Function:
    """The function that returns f and its gradient: (f(x), ∇f(x)).

    With respect to the arguments ``argnums``, or, with ``wrt``, to a Variable, a list of them, or a model. f returns
    one number; with ``has_aux`` a pair (number, whatever else), and the result is ((number, else), gradient). An
    argument that f does not depend on has the gradient 0; a Variable it does not depend on raises.

    >>> import pente
    >>> value, slope = pente.value_and_grad(lambda x: x * x)(3.0)
    >>> value.item(), slope.item()
    (9.0, 6.0)
    """

    @functools.wraps(f)
    def wrapped(*args: Any, **options: Any) -> Any:
        sources = _Sources(args, argnums, wrt)
        with _watching():
            result = f(*sources.args, **options)
        if hasattr(wrt, "trainable_variables"):
            sources.take_in_what_was_built(wrt)
        value, aux = result if has_aux else (result, None)
        root = _single(value)
        slope = sources.gradients_of(root, Tensor(np.ones(root.shape, root.dtype)), sources.graph(root))
        kept = root if sources.graph(root) else Tensor(root.data)
        return ((kept, aux) if has_aux else kept), slope

    return wrapped


def _single(value: Any) -> Tensor:
    if not isinstance(value, Handle):
        raise GradientError(
            f"the function returned {type(value).__name__} and not a tensor: its result must be computed with pente's "
            "functions from its arguments, without NumPy or float() in between."
        )
    root = lift(value)
    if root.size != 1:
        raise ShapeError(
            f"grad wants a function of one number, and it returned shape {root.shape}: sum it, or use jacobian."
        )
    return root


def grad(f: Function, argnums: Any = 0, *, wrt: Any = None, has_aux: bool = False) -> Function:
    """The function that returns the gradient ∇f; see value_and_grad.

    >>> import pente
    >>> pente.grad(pente.grad(lambda x: x * x * x))(2.0).item()
    12.0
    """
    both = value_and_grad(f, argnums, wrt=wrt, has_aux=has_aux)

    @functools.wraps(f)
    def wrapped(*args: Any, **options: Any) -> Any:
        value, slope = both(*args, **options)
        return (slope, value[1]) if has_aux else slope

    return wrapped


def vjp(f: Function, *args: Any) -> tuple[Any, Function]:
    """f(*args), and the function that takes a gradient g of the result to gᵀJ, one for each argument.

    >>> import pente
    >>> y, back = pente.vjp(lambda x: x * x, pente.tensor([1.0, 2.0]))
    >>> back(pente.tensor([1.0, 1.0]))[0].tolist()
    [2.0, 4.0]
    """
    sources = _Sources(args, tuple(range(len(args))), None)
    with _watching():
        result = f(*sources.args)
    items, structure = tree.flatten(result)
    outs = [lift(x) for x in items]

    def back(gradient: Any) -> Any:
        given = [gradient] if structure is tree.LEAF else tree.leaves(gradient)
        if len(given) != len(outs):
            raise ShapeError(f"the function gave {len(outs)} tensors, and here are {len(given)} gradients for them.")
        seeds = [_fitting(g, out, "gradient of a result") for g, out in zip(given, outs, strict=True)]
        total = None
        for out, seed in zip(outs, seeds, strict=True):
            part = sum_of(out * seed) if out.requires_grad else None
            total = part if total is None else total if part is None else total + part
        if total is None:
            return tree.unflatten(sources.structure, [Tensor(np.zeros(x.shape, x.dtype)) for x in sources.leaves])
        graph = sources.graph(total) or any(s.requires_grad for s in seeds)
        return sources.gradients_of(total, Tensor(np.ones((), total.dtype)), graph)

    return tree.unflatten(structure, [Tensor(x.data) if not sources.graph(x) else x for x in outs]), back


def _fitting(given: Any, like: Tensor, what: str) -> Tensor:
    """What is given as a tensor of the same dtype, which must have the same shape: nothing is repeated here."""
    x = lift(given, like.dtype)
    if x.shape != like.shape:
        raise ShapeError(f"the {what} of shape {like.shape} has shape {x.shape}.")
    return x


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """f(*primals), and how it moves when the primals move by the tangents: J·t, by forward mode.

    >>> import pente
    >>> y, dy = pente.jvp(lambda x: x * x, (3.0,), (1.0,))
    >>> dy.item()
    6.0
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise UsageError("primals and tangents are tuples with one entry for each argument: write (x,), (t,).")
    sources = _Sources(tuple(primals), tuple(range(len(primals))), None)
    with _watching():
        result = f(*sources.args)
    moving = tree.leaves(list(tangents))
    if len(moving) != len(sources.leaves):
        raise ShapeError(
            f"there are {len(sources.leaves)} tensors in the primals, and {len(moving)} tangents for them."
        )
    moves = [_fitting(t, x, "tangent of an argument") for t, x in zip(moving, sources.leaves, strict=True)]
    items, structure = tree.flatten(result)
    outs = [lift(x) for x in items]
    graph = any(sources.graph(x) for x in outs) or any(m.requires_grad or is_abstract(m.data) for m in moves)
    starts = {node_of(x): m if graph else m.data for x, m in zip(sources.leaves, moves, strict=True)}
    pushed = push_forward([node_of(x) for x in outs], starts, graph)
    given = [p if isinstance(p, Tensor) else Tensor(p) for p in pushed]
    return tree.unflatten(structure, [x if graph else Tensor(x.data) for x in outs]), tree.unflatten(structure, given)


def jacobian(f: Function, argnums: int = 0) -> Function:
    """The function that returns all first derivatives: J[i, j] = ∂f_i / ∂x_j.

    Shapes: f's shape followed by the argument's shape.

    >>> import pente
    >>> pente.jacobian(lambda x: x * x)(pente.tensor([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """

    @functools.wraps(f)
    def wrapped(*args: Any, **options: Any) -> Any:
        sources = _Sources(args, argnums, None)
        with _watching():
            root = _tensor(f(*sources.args, **options))
        graph = sources.graph(root)
        rows = [sources.gradients_of(root, seed, graph) for seed in _units(root)]
        if not rows:
            return tree.map_leaves(lambda x: Tensor(np.zeros((*root.shape, *x.shape), x.dtype)), sources.args[argnums])
        return tree.map_leaves(lambda *gs: reshape(stack(gs), (*root.shape, *gs[0].shape)), *rows)

    return wrapped


def _tensor(value: Any) -> Tensor:
    if not isinstance(value, Handle):
        raise GradientError(f"the function returned {type(value).__name__} and not a tensor.")
    return lift(value)


def _units(root: Tensor) -> Iterator[Tensor]:
    for i in range(root.size):
        seed = np.zeros(root.size, root.dtype)
        seed[i] = 1
        yield Tensor(seed.reshape(root.shape))


def hessian(f: Function, argnums: int = 0) -> Function:
    """The function that returns all second derivatives of a function of one number: H[i, j] = ∂²f / ∂x_i ∂x_j.

    >>> import pente
    >>> pente.hessian(lambda x: (x * x * x).sum())(pente.tensor([1.0, 2.0])).tolist()
    [[6.0, 0.0], [0.0, 12.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian times a vector, H·t, without the Hessian: the derivative of the gradient along t.

    >>> import pente
    >>> pente.hvp(lambda x: (x * x * x).sum(), (pente.tensor([1.0, 2.0]),), (pente.tensor([1.0, 0.0]),))[0].tolist()
    [6.0, 0.0]
    """
    if not isinstance(primals, (tuple, list)):
        raise UsageError("primals and tangents are tuples with one entry for each argument: write (x,), (t,).")
    slopes = grad(f, tuple(range(len(primals))))
    return jvp(slopes, primals, tangents)[1]
