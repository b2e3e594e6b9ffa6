"""Snippets drawn from documents, one each: what every sample begins with."""
