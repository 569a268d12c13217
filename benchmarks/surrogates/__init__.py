"""Surrogates: models that predict what no table lists."""
