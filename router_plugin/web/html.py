"""Small pieces of HTML. Whatever goes into one is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

TIER_MIX_HEIGHT = 120
BAR, GAP = 20, 4


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> str:
    """A value, safe inside an element or an attribute."""
    return value if isinstance(value, Html) else escape(str(value))


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[object]], numbers: frozenset[int]) -> Html:
    """A table with a caption and row headings; columns in `numbers` are aligned to the right."""

    def cell(place: int, value: object) -> str:
        kind = ' class="number"' if place in numbers else ""
        return f'<th scope="row"{kind}>{text(value)}</th>' if place == 0 else f"<td{kind}>{text(value)}</td>"

    head = "".join(
        f'<th scope="col"{" class=number" if place in numbers else ""}>{text(name)}</th>'
        for place, name in enumerate(headings)
    )
    body = "".join(f"<tr>{''.join(cell(p, v) for p, v in enumerate(row))}</tr>" for row in rows)
    if not body:
        body = f'<tr><td colspan="{len(headings)}" class="quiet">Nothing yet.</td></tr>'
    return Html(
        f'<div class="wide" role="region" aria-label="{text(caption)}" tabindex="0"><table><caption>{text(caption)}'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def stacked(columns: Sequence[tuple[str, Sequence[tuple[str, int]]]], label: str) -> Html:
    """A bar chart as SVG: (title, (class, count) from the bottom up) a column. A table says the same to a reader."""
    top = max((sum(count for _, count in parts) for _, parts in columns), default=0) or 1
    width = max(1, len(columns)) * (BAR + GAP)
    shapes: list[str] = []
    for place, (title, parts) in enumerate(columns):
        y = float(TIER_MIX_HEIGHT)
        shapes.append(f"<g><title>{text(title)}</title>")
        for kind, count in parts:
            height = count / top * TIER_MIX_HEIGHT
            y -= height
            if count:
                shapes.append(
                    f'<rect class="{text(kind)}" x="{place * (BAR + GAP)}" y="{y:.1f}" width="{BAR}" '
                    f'height="{height:.1f}"/>'
                )
        shapes.append("</g>")
    return Html(
        f'<svg class="chart" viewBox="0 0 {width} {TIER_MIX_HEIGHT}" role="img" aria-label="{text(label)}" '
        f'preserveAspectRatio="none">{"".join(shapes)}</svg>'
    )


def badge(kind: str, word: str) -> Html:
    """A word with a colour; the word alone says it all."""
    return Html(f'<span class="badge {text(kind)}">{text(word)}</span>')
