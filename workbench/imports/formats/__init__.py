"""Formats: from a row of one kind of data set to a problem and its solution."""
