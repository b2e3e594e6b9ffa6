"""Trains a model on a frozen data set and scores it before and after; no database, no pages."""
