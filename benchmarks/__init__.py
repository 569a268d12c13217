"""Where accuracy comes from: tables, surrogates, live training."""
