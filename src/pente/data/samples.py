"""Samples, one by one, and the batch that they make."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pente import tree
from pente.errors import DataError

__all__ = ["stacked"]


def stacked(samples: Sequence[Any]) -> Any:
    """One array for each leaf of the samples, with a first axis that counts them.

    >>> stacked([(np.zeros(2), 1), (np.ones(2), 0)])
    (array([[0., 0.], [1., 1.]]), array([1, 0]))
    """
    structures = {str(tree.flatten(sample)[1]) for sample in samples}
    if len(structures) > 1:
        raise DataError(f"the samples of a batch differ in structure: {' and '.join(sorted(structures))}.")
    return tree.map_leaves(lambda *leaves: _stack([np.asarray(leaf) for leaf in leaves]), *samples)


def _stack(leaves: list[Any]) -> Any:
    for i, leaf in enumerate(leaves):
        if leaf.shape != leaves[0].shape:
            raise DataError(
                f"the samples of a batch differ in shape: sample 0 of it has {leaves[0].shape} and sample {i} has "
                f"{leaf.shape}. Pad or crop them to one shape, or give a collate_fn that does."
            )
    return np.stack(leaves)
