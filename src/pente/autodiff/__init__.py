"""The calculus: gradients back, moves forward, whole batches at once."""

from pente.autodiff import backward, programs, scalar  # noqa: F401  they attach what a tensor can do

__all__: list[str] = []
