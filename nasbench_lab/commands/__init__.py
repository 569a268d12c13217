"""What the commands show on the terminal: progress, outcomes, errors."""
