"""Published benchmarks, one file each: how its official files become our table."""
