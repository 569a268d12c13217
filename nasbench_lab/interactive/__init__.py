"""Comparisons from Python and notebooks: results as data frames, on axes of one's own, and as tables."""
