"""Real handwriting that needs no download."""

from pathlib import Path

import numpy as np

from pente.data.dataset import Dataset

__all__ = ["load_digits"]

_STROKE_MAX = 16  # a pixel counts the inked points of a 4×4 block of the scan


def load_digits() -> Dataset:
    """Load 1,797 handwritten digits by 13 writers, in scikit-learn's order.

    x: float32 (1797, 8, 8), ink from 0 (paper) to 1; y: int64 (1797,), the digit 0 to 9. Each call returns arrays of
    its own. Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository, 1998, doi:10.24432/C50P49, CC BY 4.0 (see digits.LICENSE.txt beside the file).

    >>> x, y = load_digits()
    >>> x.shape, y[:10].tolist()
    ((1797, 8, 8), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as file:
        ink, labels = file["images"], file["labels"]
    return Dataset(ink.astype(np.float32) / _STROKE_MAX, labels.astype(np.int64))
