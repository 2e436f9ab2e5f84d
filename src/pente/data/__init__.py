"""Data to learn from: real digits, small shapes with a known answer, and an honest split.

>>> from pente.data import load_digits, train_test_split
>>> x, y = load_digits()
>>> x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, stratify=y)
>>> len(x_train), len(x_test)
(1437, 360)
"""

from pente.data.dataset import Dataset
from pente.data.digits import load_digits
from pente.data.split import train_test_split
from pente.data.synthetic import make_circles, make_moons, make_sine, make_spirals, make_xor

__all__ = [
    "Dataset",
    "load_digits",
    "make_circles",
    "make_moons",
    "make_sine",
    "make_spirals",
    "make_xor",
    "train_test_split",
]
