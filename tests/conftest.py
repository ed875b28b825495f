"""What all tests share.

One thread, since small networks gain nothing from more and busy machines lose much; and no deadline for a property's
example: how long one takes says more of the machine than of the code.
"""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
