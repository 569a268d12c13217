"""Figures for papers and talks, drawn from the tables; one file per figure.

Each file offers `draw(results, tables)`, which returns a `matplotlib.figure.Figure` and changes no global
state, and `caption(results, tables)`, the text to print below it.
"""
