"""Readers: from a file to its rows, a few at a time."""
