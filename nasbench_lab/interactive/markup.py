"""Small HTML tables for notebooks: all text escaped, colours of the page, no script."""

from collections.abc import Collection, Sequence

from markupsafe import Markup, escape


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str | Markup]],
    *,
    caption: str = "",
    numbers: Collection[str] = (),
    bold: Collection[int] = (),
) -> Markup:
    """A table. It has no colours of its own, so it is readable on light and on dark pages.

    Args:
        columns: the headings.
        rows: the cells of each row; a `Markup` is put in as it is, other text is escaped.
        caption: a line above the table.
        numbers: the headings of columns that are aligned to the right.
        bold: the positions of the rows that are set in bold.
    """
    sides = ["right" if name in numbers else "left" for name in columns]
    line = "padding:2px 10px;border-bottom:1px solid currentColor"
    parts = [Markup('<table style="border-collapse:collapse;margin-bottom:1em">')]
    if caption:
        parts.append(
            Markup('<caption style="caption-side:top;text-align:left;color:inherit">{}</caption>').format(
                caption
            )
        )
    parts.append(Markup("<tr>"))
    parts += [
        Markup('<th style="text-align:{};{}">{}</th>').format(side, line, name)
        for side, name in zip(sides, columns, strict=True)
    ]
    parts.append(Markup("</tr>"))
    for position, row in enumerate(rows):
        weight = "bold" if position in bold else "normal"
        parts.append(Markup('<tr style="background:none;font-weight:{}">').format(weight))
        parts += [
            Markup('<td style="text-align:{};padding:2px 10px">{}</td>').format(side, escape(text))
            for side, text in zip(sides, row, strict=True)
        ]
        parts.append(Markup("</tr>"))
    parts.append(Markup("</table>"))
    return Markup("\n").join(parts)


def note(text: str) -> Markup:
    """A line of text below a table."""
    return Markup('<p style="margin:4px 0">{}</p>').format(text)
