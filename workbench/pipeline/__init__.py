"""What a button or a command does: start a step's job, and take its output into the database.

Each module here is one step. Pages and commands call the same functions.
"""
