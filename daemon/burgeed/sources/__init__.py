"""Where definitions come from: each source follows one place and yields one layer."""
