"""Figures for papers and talks, drawn from the tables; one file per figure.

Each file offers `draw(results, tables)`, which returns a `matplotlib.figure.Figure` and changes no global
state, and `caption(results, tables)`, the text to print below it. `draw_on(axes, ...)` draws the same on axes
that the caller made, in the caller's style: one task, or the whole in the figures across tasks.
"""
