"""From image files to one array, in the size that training had."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pente.config import Configured
from pente.data.images import read_image

__all__ = ["ImageEncoder", "usual_encoder"]


class ImageEncoder(Configured):
    """What images become: all of one size, with 1 (grey) or 3 (RGB) channels, from 0 to 1.

    It is what ``model.preprocessing`` keeps of a folder of images. Needs Pillow: ``pip install 'pente[images]'``.

    >>> ImageEncoder((8, 8), channels=1)
    ImageEncoder(image_size=[8, 8], channels=1)
    """

    def __init__(self, image_size: Sequence[int], channels: int = 3) -> None:
        self.image_size = list(image_size)
        self.channels = channels

    def transform(self, paths: Sequence[str | Path]) -> NDArray[np.float32]:
        """(N, height, width, channels): the images in these files, resized where they are of another size.

        Raises DataError for a damaged file, with its name.
        """
        height, width = self.image_size
        x = np.empty((len(paths), height, width, self.channels), np.float32)
        for place, path in zip(x, paths, strict=True):
            place[...] = read_image(path, (height, width), channels=self.channels)
        x /= 255
        return x


def usual_encoder(paths: Sequence[str | Path], largest: int) -> ImageEncoder:
    """The encoder for these images: their own size where it is one and not too large, else a square; grey if all are.

    >>> import tempfile, pathlib
    >>> from PIL import Image
    >>> path = pathlib.Path(tempfile.mkdtemp(), "dot.png")
    >>> Image.new("L", (12, 8)).save(path)
    >>> usual_encoder([path], largest=64)
    ImageEncoder(image_size=[8, 12], channels=1)
    """
    sizes, grey = set(), True
    for path in paths:
        image = read_image(path)
        sizes.add(image.shape[:2])
        grey = grey and bool((image == image[..., :1]).all())
    size = max(sizes)
    if len(sizes) > 1 or max(size) > largest:
        size = (largest, largest)
    return ImageEncoder(size, 1 if grey else 3)
