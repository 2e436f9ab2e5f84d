"""The passes, in order. Each takes a legal program to a legal program that computes the same bits."""

from collections.abc import Callable

from pente.compiler.passes.drop import drop_dead
from pente.compiler.passes.expand import expand_composites
from pente.compiler.passes.share import share_equal
from pente.compiler.passes.simplify import simplify
from pente.compiler.passes.windows import unroll_windows
from pente.core.graph import Graph

__all__ = ["FOR_KERNELS", "PASSES", "run_passes"]

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = (
    expand_composites,  # composites that have no kernel of their own are what their bodies do
    simplify,  # what changes no number is gone: identities, casts to the same dtype, reshapes of reshapes
    share_equal,  # equal calls on equal inputs stand once; what remat computes again stays computed again
    drop_dead,  # every call that is left leads to an output or to state
)


# For native code only, before the others: it chooses the order in which a convolution's gradient is added up.
FOR_KERNELS: tuple[Pass, ...] = (
    unroll_windows,  # padding is a call of its own; an input's gradient is a convolution with the turned kernel
)


def run_passes(graph: Graph, native: bool, watch: Callable[[str, Graph], None] | None = None) -> Graph:
    """The program after all passes; ``watch`` sees it before the first and after each."""
    if watch is not None:
        watch("trace", graph)
    for step in (*(FOR_KERNELS if native else ()), *PASSES):
        graph = step(graph)
        if watch is not None:
            watch(step.__name__, graph)
    return graph
