"""Pictures: from a portfolio to a generator, and from a generator to works."""
