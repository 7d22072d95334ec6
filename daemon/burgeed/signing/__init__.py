"""Keys that sign, the notes that they sign, and files that hold them; for the audit and for definitions."""
