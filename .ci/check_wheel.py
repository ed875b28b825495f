"""The wheel holds all four packages, their data, the front door and the licence; and no weight above 16 MB."""

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
    "gansuite/image/bundled/art/config.json",
    "gansuite/image/bundled/art/model.safetensors",
    "gansuite/image/bundled/art/README.md",
]


def main(path: str) -> int:
    """Print what is missing or too big; 1 when anything is."""
    with zipfile.ZipFile(path) as wheel:
        sizes = {info.filename: info.file_size for info in wheel.infolist()}
    missing = [name for name in REQUIRED if name not in sizes]
    missing += [] if any(name.endswith("licenses/LICENSE") for name in sizes) else ["LICENSE"]
    heavy = [name for name, size in sizes.items() if name.endswith(".safetensors") and size > 16_000_000]
    for name in missing:
        print(f"the wheel lacks {name}")
    for name in heavy:
        print(f"{name} is over 16 MB")
    if "gansuite/__init__.py" in sizes:
        print("gansuite/__init__.py would hide the other packages of the namespace")
        return 1
    print(f"{path}: {len(sizes)} files, all four packages")
    return 1 if missing or heavy else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
