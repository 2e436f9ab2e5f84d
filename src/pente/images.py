"""From a folder of images to a trained model, and from new images to predictions, each in one call.

A folder has a sub-folder for each class, with the images of the class inside.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pente.data import ImageEncoder, ImageFolder, train_test_split
from pente.data.image_encoder import usual_encoder
from pente.data.images import find_images
from pente.errors import DataError, UsageError
from pente.layers import Conv2D, Dense, Dropout, Flatten, Input, Layer, MaxPooling2D
from pente.models import Model, Sequential
from pente.ops.random import set_seed
from pente.optimizers import AdamW
from pente.tables.fitting import VALIDATION, usual_batch_size
from pente.tables.scores import baseline, fit_text, scores
from pente.train.callbacks import EarlyStopping

__all__ = ["ImageFit", "ImageParts", "ImagePredictions", "fit_images", "predict_images", "read_images"]

Array = NDArray[Any]
Part = tuple[Array, Array]

LARGEST = 64  # pixels a side: larger images are made smaller, so that a folder fits into memory and is learned soon
LEAST_IMAGES = 20
MOST_EPOCHS, PATIENCE = 100, 15
FILTERS, UNITS, DROPOUT, RATE = (32, 64, 128), 128, 0.3, 1e-3


class ImageParts(NamedTuple):
    """A folder of images in three, each (x, y): to learn from, to know when to stop, and held out for the score."""

    learned: Part
    watched: Part
    held_out: Part
    encoder: ImageEncoder
    class_names: list[str]


class ImageFit(NamedTuple):
    """A model that has learned the classes of a folder of images, and how well it does."""

    model: Sequential
    """It carries its encoder, as ``model.preprocessing``, and ``model.class_names``."""
    parts: ImageParts
    scores: dict[str, float]
    """Of the images held out: accuracy, log_loss, and with two classes auc."""
    baseline: dict[str, float]
    """The same for who always says the most common class."""
    history: dict[str, list[float]]
    best_epoch: int
    """The epoch, from 1, whose weights the model has."""
    seconds: float

    def __repr__(self) -> str:
        return fit_text("ImageFit", self.scores, self.best_epoch, self.seconds)


class ImagePredictions(NamedTuple):
    """What is predicted of each image of a folder."""

    paths: list[Path]
    values: Array
    """(N,): the most probable class."""
    probabilities: dict[str, Array]
    """For each class (N,) probabilities."""
    scores: dict[str, float]
    """Where the sub-folders are named by classes, how good the predictions are."""
    scored: int


def fit_images(
    folder: str | Path,
    *,
    test_size: float | int = 0.25,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    callbacks: Sequence[Any] = (),
) -> ImageFit:
    """Learn to tell the classes of a folder of images apart.

    A quarter of the images is held out for the score, of each class alike, and equal images stay together; of the rest
    a fifth says when to stop. The network has up to three convolutions. Images of several sizes, or larger than 64
    pixels, become squares of 64. The seed decides everything random, as by ``pente.set_seed``. Raises DataError for a
    folder without sub-folders or images, for damaged images, for one class only, and for fewer than 20 images.
    """
    parts = read_images(folder, test_size=test_size, seed=seed)
    return fit_parts(parts, epochs=epochs, batch_size=batch_size, seed=seed, callbacks=callbacks)


def read_images(folder: str | Path, *, test_size: float | int = 0.25, seed: int = 0) -> ImageParts:
    """Read all images of a folder and split them in three."""
    found = ImageFolder(folder)
    names, paths, labels = found.class_names, found.paths, found.labels
    if len(names) < 2:
        raise DataError(f"{folder} has one sub-folder, {names[0]!r}: to tell classes apart takes at least two.")
    if len(paths) < LEAST_IMAGES:
        raise DataError(f"{folder} has {len(paths)} images, and at least {LEAST_IMAGES} are needed.")
    encoder = usual_encoder(paths, LARGEST)
    learning, held_out = _split(encoder.transform(paths), labels, test_size, seed)
    watched = max(round(VALIDATION * len(learning[0])), len(names))
    return ImageParts(*_split(*learning, watched, seed), held_out, encoder, names)


def _split(x: Array, y: Array, test_size: float | int, seed: int) -> tuple[Part, Part]:
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=test_size, seed=seed, stratify=y)
    return (x_train, y_train), (x_test, y_test)


def fit_parts(
    parts: ImageParts,
    *,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    callbacks: Sequence[Any] = (),
) -> ImageFit:
    """Train a network on the images to learn from, until those to watch say stop; measure it on those held out."""
    began = time.perf_counter()
    model = network(parts, seed)
    stop = EarlyStopping(monitor="val_loss", patience=PATIENCE)
    history = model.fit(
        *parts.learned,
        batch_size=batch_size or usual_batch_size(len(parts.learned[0])),
        epochs=epochs or MOST_EPOCHS,
        validation_data=parts.watched,
        verbose=0,
        callbacks=[stop, *callbacks],
    )
    model.preprocessing, model.class_names = parts.encoder, parts.class_names
    x, y = parts.held_out
    found = scores(y, model.predict(x, verbose=0))
    trivial = baseline(parts.learned[1], y)
    return ImageFit(model, parts, found, trivial, history.history, stop.best_epoch + 1, time.perf_counter() - began)


def network(parts: ImageParts, seed: int) -> Sequential:
    """Convolutions that halve the image until it is small, then two dense layers with dropout; compiled."""
    set_seed(seed)
    shape = parts.learned[0].shape[1:]
    layers: list[Layer] = []
    for filters, side in zip(FILTERS, (min(shape[:2]) // 2**i for i in range(len(FILTERS))), strict=True):
        if side >= 4:
            layers += [Conv2D(filters, 3, padding="same", activation="relu"), MaxPooling2D()]
    layers += [Flatten(), Dropout(DROPOUT), Dense(UNITS, activation="relu"), Dropout(DROPOUT)]
    model = Sequential([Input(shape), *layers, Dense(len(parts.class_names), activation="softmax")])
    model.compile(AdamW(RATE), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def predict_images(model: Model, folder: str | Path) -> ImagePredictions:
    """Predict the class of each image in a folder and its sub-folders, in the order of their paths.

    The model is one that ``fit_images`` made; where sub-folders are named by its classes, the predictions are scored.
    Raises UsageError for another model, and DataError for a folder without images and for damaged ones.
    """
    encoder, names = model.preprocessing, model.class_names
    if not isinstance(encoder, ImageEncoder) or names is None:
        raise UsageError("this model did not learn from images: it has no ImageEncoder as model.preprocessing.")
    paths = find_images(folder)
    predicted = model.predict(encoder.transform(paths), verbose=0)
    truth = np.array([_class_of(path, Path(folder), names) for path in paths])
    known = truth >= 0
    found = scores(truth[known], predicted[known]) if known.any() else {}
    values = np.array(names, dtype=object)[predicted.argmax(axis=1)]
    chances = dict(zip(names, predicted.T, strict=True))
    return ImagePredictions(paths, values, chances, found, int(known.sum()))


def _class_of(path: Path, folder: Path, names: Sequence[str]) -> int:
    """The place of the class that the sub-folder is named by, or -1."""
    first = path.relative_to(folder).parts[0]
    return names.index(first) if first in names else -1
