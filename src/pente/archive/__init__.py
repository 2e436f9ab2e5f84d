"""Files: written whole or not at all, and read with every size, name and hash checked before memory is taken."""

from pente.archive.arrays import pack_arrays, read_arrays, unpack_arrays, write_arrays
from pente.archive.replacing import replacing
from pente.archive.text import from_json, to_json
from pente.archive.zipped import Manifest, read_archive, read_manifest, write_archive

__all__ = [
    "Manifest",
    "from_json",
    "pack_arrays",
    "read_archive",
    "read_arrays",
    "read_manifest",
    "replacing",
    "to_json",
    "unpack_arrays",
    "write_archive",
    "write_arrays",
]
