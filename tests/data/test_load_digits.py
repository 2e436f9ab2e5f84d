import numpy as np
import pytest
from sklearn import datasets

import pente.data
from pente.data import load_digits


def test_digits_are_those_of_scikit_learn_in_its_order():
    theirs = datasets.load_digits()
    x, y = load_digits()
    np.testing.assert_array_equal(x * 16, theirs.images)
    np.testing.assert_array_equal(y, theirs.target)


def test_digits_come_ready_for_training():
    digits = load_digits()
    assert (digits.x.dtype, digits.x.shape) == (np.float32, (1797, 8, 8))
    assert (digits.y.dtype, digits.y.shape) == (np.int64, (1797,))
    assert (digits.x.min(), digits.x.max()) == (0, 1)


def test_changing_the_digits_leaves_the_next_load_alone():
    load_digits().x[:] = 7
    assert load_digits().x.max() == 1


@pytest.mark.parametrize("words", ["E. Alpaydin", "C. Kaynak", "CC BY 4.0", "10.24432/C50P49", "What was changed"])
def test_licence_stands_beside_the_digits(words):
    from importlib.resources import files

    assert words in (files(pente.data) / "digits.LICENSE.txt").read_text(encoding="utf-8")


def test_public_names_are_sorted_and_there():
    assert pente.data.__all__ == sorted(pente.data.__all__)
    assert all(hasattr(pente.data, name) for name in pente.data.__all__)
