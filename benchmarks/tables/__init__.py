"""Tables: one HDF5 file for each benchmark, and the tasks that look evaluations up in it."""
