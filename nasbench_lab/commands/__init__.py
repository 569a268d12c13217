"""Output of the commands on the terminal: progress, outcomes, errors."""
