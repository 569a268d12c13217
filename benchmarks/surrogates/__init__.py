"""Surrogates: models that predict architectures that no table lists."""
