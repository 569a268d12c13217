"""Search algorithms, one per file: the file, its function and the name on the command line are the same."""
