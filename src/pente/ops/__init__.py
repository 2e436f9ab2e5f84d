"""The vocabulary: what users call. Each function makes tensors of what it is given and does an operation."""

from pente.ops import control, conv, creation, elementwise, index, linalg, neural, random, reduce, shape

__all__ = ["control", "conv", "creation", "elementwise", "index", "linalg", "neural", "random", "reduce", "shape"]
