"""Live training: evaluations that are trained when a search asks for them, and kept."""
