"""Folders of images, one sub-folder a class, decoded batch by batch."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pente.data.rows import Rows
from pente.errors import DataError, MissingExtraError, UsageError

__all__ = ["ImageFolder", "find_images", "read_image"]

ENDINGS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


class ImageFolder(Rows):
    """Images and their classes, from a folder with one sub-folder a class.

    A batch is (x, y): x of shape (N, height, width, channels), float32 from 0 to 1 or, with ``dtype="uint8"``, from 0
    to 255; y int64, the place of the sub-folder's name among ``class_names``, which are sorted. Files are found in
    sub-folders of a class, too, and sorted by name; their paths are ``paths`` and their classes ``labels``.

    ``image_size`` is (height, width): an image of another size is resized, by Pillow's bilinear filter. Without it all
    must have one size. ``channels`` is 1 (grey), 3 (RGB) or 4 (RGBA).

    Decoding takes most of the time; ``.batch(32).prefetch(8, num_workers=4)`` does it ahead in threads. Raises
    DataError for a folder without classes or images, and, when it is read, for a damaged file, which it names.

    Needs Pillow: ``pip install 'pente[images]'``.
    """

    def __init__(
        self,
        root: str | Path,
        image_size: tuple[int, int] | None = None,
        *,
        channels: int = 3,
        dtype: Any = "float32",
        class_names: Iterable[str] | None = None,
    ) -> None:
        if channels not in MODES:
            raise UsageError(f"channels is 1 (grey), 3 (RGB) or 4 (RGBA), got {channels!r}.")
        if np.dtype(dtype) not in (np.uint8, np.float32):
            raise UsageError(f"dtype is 'float32', from 0 to 1, or 'uint8', from 0 to 255; got {dtype!r}.")
        self.root_folder = Path(root)
        self.image_size = None if image_size is None else _checked_size(image_size)
        self.channels = channels
        self.dtype = np.dtype(dtype)
        self.class_names = _classes(self.root_folder, class_names)
        found = [find_images(self.root_folder / name) for name in self.class_names]
        self.paths = [path for paths in found for path in paths]
        self.labels: NDArray[np.int64] = np.repeat(np.arange(len(found)), [len(paths) for paths in found])
        _pillow()

    def __len__(self) -> int:
        return len(self.paths)

    @cached_property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        if self.image_size is not None:
            return (*self.image_size, self.channels)
        height, width, _ = read_image(self.paths[0], channels=self.channels).shape
        return height, width, self.channels

    def fetch(self, rows: slice | NDArray[np.int64]) -> Any:
        labels = self.labels[rows].copy()
        paths = self.paths[rows] if isinstance(rows, slice) else [self.paths[i] for i in rows]
        x = np.empty((len(labels), *self.image_shape), self.dtype)
        for place, path in zip(x, paths, strict=True):
            place[...] = self._decoded(path)
        if self.dtype == np.float32:
            x /= 255
        return x, labels

    def _decoded(self, path: Path) -> NDArray[np.uint8]:
        image = read_image(path, self.image_size, channels=self.channels)
        if image.shape != self.image_shape:
            raise DataError(
                f"{path} is {image.shape[0]}×{image.shape[1]} pixels and {self.paths[0]} is {self.image_shape[0]}×"
                f"{self.image_shape[1]}: give image_size=(height, width), and all are resized to it."
            )
        return image

    @property
    def identity(self) -> str:
        return f"ImageFolder({self.root_folder.name}, {len(self)} images)"


def read_image(path: str | Path, image_size: tuple[int, int] | None = None, *, channels: int = 3) -> NDArray[np.uint8]:
    """Decode one image: uint8 (height, width, channels), turned as its camera says, resized where a size is given.

    A damaged file raises DataError with its name. Of an animation it is the first picture.
    """
    image_module, ops = _pillow()
    try:
        with image_module.open(path) as file:
            image = ops.exif_transpose(file).convert(MODES[channels])
    except FileNotFoundError:
        raise DataError(f"there is no file {path}.") from None
    except (OSError, SyntaxError, ValueError, image_module.DecompressionBombError) as error:
        raise DataError(
            f"{path} cannot be read as an image: {error}. Replace it, or take it out of the folder."
        ) from None
    if image_size is not None and image.size != image_size[::-1]:
        image = image.resize(image_size[::-1], image_module.Resampling.BILINEAR)
    return np.asarray(image, np.uint8).reshape(image.height, image.width, channels)


def _pillow() -> Any:
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise MissingExtraError("reading images", "pillow", "images") from None
    return Image, ImageOps


def _checked_size(size: Any) -> tuple[int, int]:
    try:
        height, width = size
    except (TypeError, ValueError):
        raise UsageError(f"image_size is (height, width), got {size!r}.") from None
    if not (isinstance(height, int) and isinstance(width, int) and min(height, width) > 0):
        raise UsageError(f"image_size is (height, width) in whole pixels, got {size!r}.")
    return height, width


def _classes(root: Path, given: Iterable[str] | None) -> list[str]:
    if not root.is_dir():
        raise DataError(f"there is no folder {root}.")
    found = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not found:
        raise DataError(f"{root} has no sub-folders: expected one for each class, with its images inside.")
    wanted = found if given is None else list(given)
    if absent := [name for name in wanted if name not in found]:
        raise DataError(f"{root} has no sub-folder for the classes {', '.join(absent)}; it has {', '.join(found)}.")
    return wanted


def find_images(folder: str | Path) -> list[Path]:
    """The image files in a folder and its sub-folders, in the order of their paths.

    Raises DataError where there are none.
    """
    root = Path(folder)
    found = sorted(path for path in root.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    if not found:
        raise DataError(f"{root} holds no images; known are {', '.join(sorted(ENDINGS))}.")
    return found
