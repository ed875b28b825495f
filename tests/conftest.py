"""What all tests share: one thread, since small networks gain nothing from more and busy machines lose much."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
