"""Pictures: from a portfolio to a generator, and from a generator to works."""

BUNDLED = "art"  # the model that draws when none is named
LAYERED = "art-style"  # and the one whose layers are mixed and moved then
