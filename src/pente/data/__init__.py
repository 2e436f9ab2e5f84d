"""Data to learn from, and the way from files and tables to the batches of an epoch.

**Sources** are rows of which any can be asked for (``Rows``): ``ArrayDataset`` for arrays, frames and files that are
mapped into memory, ``ImageFolder``, ``MapDataset`` for what has ``len(d)`` and ``d[i]``; and ``IterableDataset`` for
what can only be walked through. **Stages** are methods: ``shuffle``, ``select``, ``take``, ``skip`` of rows, then
``batch``, then ``map``, ``prefetch``, ``zip``, ``repeat``, ``take``, ``skip`` of batches. ``DataLoader`` says the
common ones in PyTorch's words. ``fit``, ``evaluate`` and ``predict`` take all of them.

One idea carries it: *an epoch is a function of its number*. ``pipeline.epoch(n, start)`` gives the batches of epoch n
from number ``start`` on, always the same. So no stage holds anything back: where a training stands is an epoch and a
step of it, ``pipeline.state()``, and an equal pipeline that is given it by ``restore`` goes on with the batches that
were left. Inside, a source gives not batches but calls that make them (``tasks``), so that ``prefetch`` can make them
in threads, in any order, and hand them out in the right one.

Batches of rows are slices of arrays, or rows gathered at once; nothing is read row by row but what has no other door.

>>> from pente.data import ArrayDataset, load_digits, train_test_split
>>> x, y = load_digits()
>>> x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, stratify=y)
>>> len(x_train), len(x_test)
(1437, 360)
>>> pipeline = ArrayDataset(x_train, y_train).shuffle(seed=0).batch(32).map(lambda x, y: (x - 0.3, y)).prefetch()
>>> len(pipeline), next(pipeline.epoch(0))[0].shape
(45, (32, 8, 8))
"""

from pente.data.dataset import Dataset
from pente.data.digits import load_digits
from pente.data.folds import k_fold, time_series_split
from pente.data.idx import read_idx, write_idx
from pente.data.image_encoder import ImageEncoder
from pente.data.images import ImageFolder, read_image
from pente.data.loader import DataLoader
from pente.data.pipeline import Pipeline
from pente.data.rows import ArrayDataset, MapDataset, Rows
from pente.data.split import train_test_split
from pente.data.synthetic import make_circles, make_moons, make_sine, make_spirals, make_xor
from pente.data.table import Table, read_table
from pente.data.table_encoder import TableEncoder
from pente.data.text import CharacterSet, read_text
from pente.data.walked import IterableDataset
from pente.data.windows import text_windows, time_series_windows

__all__ = [
    "ArrayDataset",
    "CharacterSet",
    "DataLoader",
    "Dataset",
    "ImageEncoder",
    "ImageFolder",
    "IterableDataset",
    "MapDataset",
    "Pipeline",
    "Rows",
    "Table",
    "TableEncoder",
    "k_fold",
    "load_digits",
    "make_circles",
    "make_moons",
    "make_sine",
    "make_spirals",
    "make_xor",
    "read_idx",
    "read_image",
    "read_table",
    "read_text",
    "text_windows",
    "time_series_split",
    "time_series_windows",
    "train_test_split",
    "write_idx",
]
