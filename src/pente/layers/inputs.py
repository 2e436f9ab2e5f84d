"""What a layer takes: tensors, arrays, lists of numbers, and lists and dicts of tensors."""

from typing import Any

from pente.core.tensor import Handle
from pente.dtypes import DType, is_floating
from pente.ops.lifting import astype, is_structure, lift

__all__ = ["taken"]


def taken(x: Any, dtype: DType) -> Any:
    """Arrays as tensors, floating ones in the layer's dtype; what is no array stays as it is."""
    if isinstance(x, (dict, list, tuple)) and is_structure(x):
        items = {k: taken(v, dtype) for k, v in x.items()} if isinstance(x, dict) else [taken(v, dtype) for v in x]
        return items if not isinstance(x, tuple) else tuple(items)
    if not isinstance(x, (Handle, list, tuple)) and not hasattr(x, "__array__") and not hasattr(x, "__dlpack__"):
        return x
    tensor = lift(x)
    return astype(tensor, dtype) if is_floating(tensor.dtype) and tensor.dtype != dtype else tensor
