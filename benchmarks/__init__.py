"""The sources of accuracy: tables, surrogates and live training."""
