"""Samples that others made: files of instruction data, read as rows and turned into samples."""
