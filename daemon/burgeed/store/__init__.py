"""Layers into snapshots, published; what outlasts the daemon."""
