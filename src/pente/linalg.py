"""Linear algebra, with the names of the array API standard."""

from pente.ops.linalg import (
    cholesky,
    einsum,
    inv,
    matmul,
    matrix_transpose,
    norm,
    outer,
    solve,
    tensordot,
    vecdot,
)

__all__ = ["cholesky", "einsum", "inv", "matmul", "matrix_transpose", "norm", "outer", "solve", "tensordot", "vecdot"]
