"""Names from elsewhere, and the line that works here."""

from collections.abc import Callable, Mapping
from typing import NoReturn

__all__ = ["FUNCTIONS", "LAYERS", "LOSSES", "METHODS", "no_attribute", "ufunc_hint"]

METHODS = {
    "cuda": "Pente has no devices to move a tensor to: leave the call out.",
    "cpu": "Every tensor of Pente is on the CPU: leave the call out.",
    "to": "Pente has no devices; to change the dtype write x.astype('float64').",
    "size": "Write x.shape for the shape, or x.shape[0] for one axis.",
    "dim": "Write x.ndim for the number of axes.",
    "view": "Write x.reshape(...): tensors are immutable, so every reshape may share memory.",
    "unsqueeze": "Write pente.expand_dims(x, axis=...).",
    "clamp": "Write x.clip(low, high).",
    "double": "Write x.astype('float64').",
    "float": "Write x.astype('float32').",
    "long": "Write x.astype('int64').",
    "numel": "Write x.size.",
    "permute": "Write x.transpose(...) or pente.permute_dims(x, axes).",
    "requires_grad_": "Write pente.tensor(x, requires_grad=True).",
    "add_": "Tensors are immutable: write x = x + y.",
    "mul_": "Tensors are immutable: write x = x * y.",
    "zero_": "Tensors are immutable: write pente.zeros_like(x).",
}

# What is looked for in ``pente`` and ``pente.random``, by the names of NumPy, PyTorch, TensorFlow and JAX.
FUNCTIONS = {
    "Module": "pente.Model",
    "array": "pente.tensor(data)",
    "as_tensor": "pente.asarray(data)",
    "bmm": "pente.matmul(a, b)",
    "cast": "pente.astype(x, 'float32')",
    "cat": "pente.concat([a, b], axis=0)",
    "clamp": "pente.clip(x, 0, 1)",
    "concatenate": "pente.concat([a, b], axis=0)",
    "constant": "pente.tensor(data)",
    "convert_to_tensor": "pente.asarray(data)",
    "cumsum": "pente.cumulative_sum(x, axis=0)",
    "dot": "pente.matmul(a, b)",
    "from_numpy": "pente.asarray(data)",
    "function": "pente.jit(f)",
    "hstack": "pente.concat([a, b], axis=1)",
    "manual_seed": "pente.set_seed(0)",
    "mm": "pente.matmul(a, b)",
    "nn": "pente.layers",
    "norm": "pente.linalg.norm(x)",
    "optim": "pente.optimizers",
    "permute": "pente.permute_dims(x, (1, 0))",
    "rand": "pente.random.uniform((2, 3))",
    "randint": "pente.random.randint((2, 3), 0, 10)",
    "randn": "pente.random.normal((2, 3))",
    "reduce_max": "pente.max(x)",
    "reduce_mean": "pente.mean(x)",
    "reduce_sum": "pente.sum(x)",
    "seed": "pente.set_seed(0)",
    "swapaxes": "pente.permute_dims(x, (1, 0))",
    "transpose": "pente.permute_dims(x, (1, 0))",
    "unsqueeze": "pente.expand_dims(x, axis=0)",
    "vstack": "pente.concat([a, b], axis=0)",
}

# What is looked for in ``pente.layers`` and ``pente.losses``, by the names of PyTorch.
LAYERS = {
    "BatchNorm1d": "pente.layers.BatchNormalization()",
    "BatchNorm2d": "pente.layers.BatchNormalization()",
    "Conv1d": "pente.layers.Conv1D(filters, kernel_size)",
    "Conv2d": "pente.layers.Conv2D(filters, kernel_size)",
    "Dropout2d": "pente.layers.SpatialDropout2D(rate)",
    "LayerNorm": "pente.layers.LayerNormalization()",
    "Linear": "pente.layers.Dense(units)",
    "MaxPool2d": "pente.layers.MaxPooling2D()",
    "Module": "pente.Model",
    "Sequential": "pente.Sequential",
    "Sigmoid": 'pente.layers.Activation("sigmoid")',
    "Tanh": 'pente.layers.Activation("tanh")',
}
LOSSES = {
    "BCELoss": "pente.losses.BinaryCrossentropy()",
    "BCEWithLogitsLoss": "pente.losses.BinaryCrossentropy(from_logits=True)",
    "CrossEntropyLoss": "pente.losses.SparseCategoricalCrossentropy(from_logits=True); the labels come first",
    "HuberLoss": "pente.losses.Huber()",
    "L1Loss": "pente.losses.MeanAbsoluteError()",
    "MSELoss": "pente.losses.MeanSquaredError()",
    "SmoothL1Loss": "pente.losses.Huber()",
}

_RENAMED = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "fabs": "abs",
    "float_power": "pow",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "power": "pow",
    "right_shift": "bitwise_right_shift",
    "rint": "round",
}
FUNCTIONS |= {name: f"pente.{own}" for name, own in _RENAMED.items()}
_OF_ONE_NAME = frozenset(
    "add bitwise_and bitwise_or bitwise_xor ceil cos cosh divide equal exp expm1 floor floor_divide greater "
    "greater_equal hypot isfinite isinf isnan less less_equal log log10 log1p log2 logaddexp logical_and logical_not "
    "logical_or logical_xor matmul maximum minimum multiply negative not_equal positive reciprocal remainder sign sin "
    "sinh sqrt square subtract tan tanh trunc vecdot".split()
)


def no_attribute(module: str, hints: Mapping[str, str]) -> Callable[[str], NoReturn]:
    """The ``__getattr__`` of a module: what is not there, and what to write instead."""

    def told(name: str) -> NoReturn:
        hint = f". Write {hints[name]}." if name in hints else ""
        raise AttributeError(f"module {module!r} has no attribute {name!r}{hint}")

    return told


def ufunc_hint(name: str, method: str, arity: int) -> str:
    """What to write instead of a function of NumPy."""
    own = _RENAMED.get(name, name if name in _OF_ONE_NAME else "")
    if method != "__call__" or not own:
        called = name if method == "__call__" else f"{name}.{method}"
        return f"Pente has no such function: np.{called}(x.numpy()) gives a plain array, without a gradient."
    given = "x, y" if arity == 2 else "x"
    return f"Write pente.{own}({given}), or np.{name}({given.replace('x', 'x.numpy()')}) for a plain array."
