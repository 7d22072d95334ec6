"""The composition root: builds the parts, starts them together, ends them together."""
