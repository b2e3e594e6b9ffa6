"""The commands behind `python -m workbench`: arguments in, one summary line or JSON object out."""
