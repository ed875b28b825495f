"""What tells HTML from text."""

from __future__ import annotations

from html import escape


class Html(str):
    """Text that is HTML already and is not escaped again."""


def text(content: str) -> Html:
    """The content, escaped unless it is `Html`; what stands between backticks is shown as code."""
    if isinstance(content, Html):
        return content
    parts = escape(content).split("`")
    pairs = len(parts) % 2 == 1
    return Html("".join(f"<code>{p}</code>" if pairs and i % 2 else p for i, p in enumerate(parts)))
