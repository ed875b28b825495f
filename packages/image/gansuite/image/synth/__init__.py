"""Algorithmic art drawn by our own code: the portfolio that is always at hand."""

from .portfolio import COUNT, SIZE, STYLES, draw_portfolio, draw_work

__all__ = ["COUNT", "SIZE", "STYLES", "draw_portfolio", "draw_work"]
