"""``python -m pente`` is the command ``pente``."""

import sys

from pente.cli import main

if __name__ == "__main__":
    sys.exit(main())
