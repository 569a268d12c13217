"""Comparisons: many algorithms on many tasks over many seeds, stored as they run."""
