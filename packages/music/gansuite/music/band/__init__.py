"""Music played by our own code: the portfolio that is always at hand."""

from .portfolio import Piece, compose, draw_band, style_names

__all__ = ["Piece", "compose", "draw_band", "style_names"]
