"""Algorithmic art drawn by our own code: the portfolio that is always at hand."""

from .portfolio import STYLES, draw_portfolio, draw_work, style_names

__all__ = ["STYLES", "draw_portfolio", "draw_work", "style_names"]
