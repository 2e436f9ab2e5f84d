"""What a layer takes: tensors, arrays, lists of numbers, and lists and dicts of tensors."""

from typing import Any

import numpy as np

from pente.core.tensor import Handle
from pente.dtypes import DType, is_floating
from pente.ops.lifting import astype, lift

__all__ = ["is_structure", "taken"]


def taken(x: Any, dtype: DType) -> Any:
    """Arrays as tensors, floating ones in the layer's dtype; what is no array stays as it is."""
    if isinstance(x, (dict, list, tuple)) and is_structure(x):
        items = {k: taken(v, dtype) for k, v in x.items()} if isinstance(x, dict) else [taken(v, dtype) for v in x]
        return items if not isinstance(x, tuple) else tuple(items)
    if not isinstance(x, (Handle, list, tuple)) and not hasattr(x, "__array__") and not hasattr(x, "__dlpack__"):
        return x
    tensor = lift(x)
    return astype(tensor, dtype) if is_floating(tensor.dtype) and tensor.dtype != dtype else tensor


def is_structure(x: Any) -> bool:
    """Whether a list, tuple or dict holds tensors, and is not itself the numbers of one."""
    if isinstance(x, dict):
        return True
    if isinstance(x, (list, tuple)):
        return any(map(is_structure, x)) if not x or not isinstance(x[0], (int, float)) else False
    return isinstance(x, (Handle, np.ndarray)) or hasattr(x, "to_numpy") or getattr(x, "ndim", 0) > 0
