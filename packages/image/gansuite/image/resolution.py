"""Which picture sizes the networks can make: 32 to 1024 pixels a side, 4 to 7 doubled some times."""

from __future__ import annotations

from gansuite.core.errors import GansuiteError

SMALLEST = 32
LARGEST = 1024
BASES = (4, 5, 6, 7)


def stages(resolution: int) -> tuple[int, int]:
    """`(base, doublings)`: the one pair with `resolution == base * 2**doublings` and base in 4..7.

    Raises:
        GansuiteError: there is no such pair, or the side is not within 32..1024; names the nearest allowed sizes.
    """
    found = _stages(resolution)
    if found is not None and SMALLEST <= resolution <= LARGEST:
        return found
    near = " or ".join(str(size) for size in nearest_resolutions(resolution))
    raise GansuiteError(
        f"Pictures of {resolution} pixels a side are not possible: a side is 4, 5, 6 or 7 "
        f"doubled until it lies between {SMALLEST} and {LARGEST}.",
        f"Use --resolution {near}.",
    )


def allowed_resolution(resolution: int) -> bool:
    """Whether the networks can make square pictures of `resolution` pixels a side (32, 40, 48, ... 1024)."""
    return SMALLEST <= resolution <= LARGEST and _stages(resolution) is not None


def allowed_resolutions() -> tuple[int, ...]:
    """All sizes the networks can make, smallest first, in pixels a side."""
    return tuple(size for size in range(SMALLEST, LARGEST + 1) if allowed_resolution(size))


def nearest_resolutions(resolution: int) -> tuple[int, ...]:
    """The allowed sizes just below and just above `resolution` (one of them at either end)."""
    below = [size for size in allowed_resolutions() if size <= resolution]
    above = [size for size in allowed_resolutions() if size > resolution]
    return tuple(below[-1:] + above[:1])


def check_resolution(resolution: int) -> None:
    """Raise the `GansuiteError` of `stages` unless `resolution` is allowed."""
    stages(resolution)


def _stages(resolution: int) -> tuple[int, int] | None:
    for base in BASES:
        times, left = divmod(resolution, base)
        if left == 0 and times > 0 and times & (times - 1) == 0:
            return base, times.bit_length() - 1
    return None
