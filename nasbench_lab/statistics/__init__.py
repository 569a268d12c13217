"""Statistics as pure functions: arrays in, arrays or small dataclasses out."""
