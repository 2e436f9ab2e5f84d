"""The passes, in order. Each takes a legal program to a legal program that computes the same bits."""

from collections.abc import Callable, Sequence

from pente.compiler.passes.depth import cut_depth
from pente.compiler.passes.drop import drop_dead
from pente.compiler.passes.expand import expand_composites
from pente.compiler.passes.invariants import compute_before
from pente.compiler.passes.loops import with_bodies
from pente.compiler.passes.pads import join_pads
from pente.compiler.passes.recall import recall_steps
from pente.compiler.passes.remat import open_remat
from pente.compiler.passes.share import share_equal
from pente.compiler.passes.simplify import simplify
from pente.compiler.passes.totals import add_up_after
from pente.compiler.passes.trim import trim_loops
from pente.compiler.passes.windows import unroll_windows
from pente.core.graph import Graph

__all__ = ["FOR_KERNELS", "PASSES", "run_passes"]

Pass = Callable[[Graph], Graph]
Watch = Callable[[str, Graph], object]

PASSES: tuple[Pass, ...] = (
    expand_composites,  # composites that have no kernel of their own are what their bodies do
    simplify,  # what changes no number is gone: identities, casts to the same dtype, reshapes of reshapes
    share_equal,  # equal calls on equal inputs stand once; what remat computes again stays computed again
    drop_dead,  # every call that is left leads to an output or to state
)


def compile_bodies(graph: Graph) -> Graph:
    """What a loop does in a step is a program too, and goes through the same passes."""
    return with_bodies(graph, lambda body: _passed(body, (*FOR_KERNELS, *PASSES)))


def open_barriers(graph: Graph) -> Graph:
    """Nothing is shared any more: what remat holds stands in its place."""
    return open_remat(graph, lambda body: _passed(body, (*FOR_KERNELS, *PASSES)))


# For native code only, before the others: they choose the order in which sums are added up.
FOR_KERNELS: tuple[Pass, ...] = (
    unroll_windows,  # padding is a call of its own where a convolution, or its gradient, is done directly
    cut_depth,  # long sums over weights are cut where the weights lie
    join_pads,  # the gradients of the pieces of a tensor are put side by side, not added up
    compile_bodies,  # bodies of loops have gone through all passes
    trim_loops,  # loops carry and give only what is asked for
    recall_steps,  # the gradient of a loop reads what the loop computed, and does not compute it again
    compute_before,  # what is the same in all steps is computed once
    add_up_after,  # sums of products over the steps of a loop are products of all steps at once
    trim_loops,  # also of what was for the sake of what is gone
)


def run_passes(graph: Graph, native: bool, watch: Watch = lambda name, graph: None) -> Graph:
    """The program after all passes; ``watch`` sees it before the first and after each."""
    watch("trace", graph)
    return _passed(graph, (*FOR_KERNELS, *PASSES, open_barriers) if native else PASSES, watch)


def _passed(graph: Graph, passes: Sequence[Pass], watch: Watch = lambda name, graph: None) -> Graph:
    for step in passes:
        graph = step(graph)
        watch(step.__name__, graph)
    return graph
