"""What all tests share: settings only, no helpers."""

import os

from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")

# Compiled code is slow the first time it is called and fast after, so a deadline per example says nothing.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")
