"""torch as the oracle: the same numbers through both, and the same gradients back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import pente

DTYPES = [np.float64, np.float32]
RTOL = {np.dtype(np.float64): 1e-10, np.dtype(np.float32): 2e-4}
ATOL = {np.dtype(np.float64): 1e-11, np.dtype(np.float32): 2e-5}


def close(found: Any, wanted: Any, loose: float = 1.0) -> None:
    """Same shape, same dtype, and as close as the dtype allows."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    rtol, atol = RTOL.get(found.dtype, 0.0), ATOL.get(found.dtype, 0.0)
    np.testing.assert_allclose(found, wanted, rtol=loose * rtol, atol=loose * atol)


def agree(ours: Callable[..., Any], theirs: Callable[..., Any], *arrays: Any, dtype: Any, loose: float = 1.0) -> None:
    """Both functions give the same, and the same gradients of a weighted sum, for these arrays as ``dtype``."""
    given = [np.asarray(a, dtype if np.asarray(a).dtype.kind == "f" else None) for a in arrays]
    mine = [pente.tensor(a, requires_grad=a.dtype.kind == "f") for a in given]
    other = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in given]
    y, t = ours(*mine), theirs(*other)
    close(y.numpy(), t.detach().numpy(), loose)
    if not t.requires_grad:
        assert not y.requires_grad
        return
    weights = np.cos(np.arange(y.size, dtype=dtype) + 1.0).reshape(y.shape)
    y.backward(pente.tensor(weights))
    t.backward(torch.tensor(weights))
    for a, b in zip(mine, other, strict=True):
        if b.grad is not None:
            close(a.grad.numpy(), b.grad.numpy(), loose)


def normal(*shape: int, seed: int = 0) -> Any:
    """Normal numbers in float64."""
    return np.random.default_rng(seed + len(shape) + sum(shape)).normal(size=shape)
