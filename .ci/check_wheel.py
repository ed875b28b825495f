"""The wheel holds all four packages, their data, the front door and the licence; and no weight above its bound.

A model of pictures or music has at most 16 MB; of poems, where one is encoder, poet and both critics, 24 MB.
"""

from __future__ import annotations

import sys
import zipfile

REQUIRED = [
    *(
        f"gansuite/{package}/{file}"
        for package in ("core", "image", "music", "poetry")
        for file in ("__init__.py", "py.typed")
    ),
    "gansuite/cli.py",
    "gansuite/__main__.py",
    "gansuite/demo.py",
    *(
        f"gansuite/{model}/{file}"
        for model in ("image/bundled/art", "image/bundled/art-style", "music/bundled/band", "poetry/bundled/verse")
        for file in ("config.json", "model.safetensors", "README.md")
    ),
    "gansuite/poetry/bundled/verse/tokenizer.json",
    "gansuite/poetry/sounds/data/cmudict.xz",
    "gansuite/poetry/sounds/data/LICENSE.cmudict",
]
BOUND, POEMS = 16_000_000, 24_000_000  # bytes


def main(path: str) -> int:
    """Print what is missing or too big; 1 when anything is."""
    with zipfile.ZipFile(path) as wheel:
        sizes = {info.filename: info.file_size for info in wheel.infolist()}
    missing = [name for name in REQUIRED if name not in sizes]
    missing += [] if any(name.endswith("licenses/LICENSE") for name in sizes) else ["LICENSE"]
    heavy = [
        name
        for name, size in sizes.items()
        if name.endswith(".safetensors") and size > (POEMS if name.startswith("gansuite/poetry/") else BOUND)
    ]
    for name in missing:
        print(f"the wheel lacks {name}")
    for name in heavy:
        print(f"{name} is too heavy: {sizes[name]:,} bytes")
    if "gansuite/__init__.py" in sizes:
        print("gansuite/__init__.py would hide the other packages of the namespace")
        return 1
    print(f"{path}: {len(sizes)} files, all four packages")
    return 1 if missing or heavy else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
