"""Published benchmarks. Each file here converts the official files of one benchmark into our table."""
