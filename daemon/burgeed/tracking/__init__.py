"""Tracked events: counted, and kept in a file where one is named."""
