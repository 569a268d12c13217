"""Search algorithms, one per file. The file, its function and the command-line name are the same."""
