"""Live training: architectures are trained when a search asks for them, and the results are kept."""
