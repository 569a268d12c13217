"""Places for the nodes and edges of a graph, without Matplotlib; lengths are multiples of the type size.

`layers.py` sorts the nodes of a graph into layers, and `layered.py` gives them places. `rows.py` does so for
chains and lists. `fitting.py` finds the largest type with which the graphs of an architecture fit.
"""
