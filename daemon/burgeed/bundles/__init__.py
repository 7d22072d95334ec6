"""Signed definitions: what a manifest says, whether it holds, and that nothing older comes after it."""
