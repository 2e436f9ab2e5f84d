"""Where a command writes what it made, looked at before the work begins."""

from pathlib import Path

from pente.archive import replacing
from pente.errors import DataError

__all__ = ["place_for", "require_folder", "write_text"]

ZIP = b"PK\x03\x04"  # how a model's file begins


def place_for(data: Path, wanted: Path | None) -> Path:
    """Where to save the model: as wanted, or in this folder under the data's name; never over what is no model."""
    own = data.name.split(".")[0] or "model"
    place = Path(f"{own}.pente") if wanted is None else wanted
    if place.suffix.lower() != ".pente":
        raise DataError(f"a model is saved to a file that ends in .pente, got {str(place)!r}.")
    require_folder(place)
    if place.exists() and not _is_zip(place):
        raise DataError(f"{place} exists and is no model, so it is not written over: choose another --save.")
    return place


def require_folder(place: Path) -> None:
    """Raise DataError where a file could not be written because of its folder."""
    if not place.parent.is_dir():
        raise DataError(f"there is no folder {place.parent}: make it first.")
    if place.is_dir():
        raise DataError(f"{place} is a folder: name a file.")


def _is_zip(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(ZIP)) == ZIP


def write_text(place: Path, text: str) -> None:
    """Write a file whole or not at all."""
    require_folder(place)
    with replacing(place) as file:
        file.write(text.encode("utf-8"))
