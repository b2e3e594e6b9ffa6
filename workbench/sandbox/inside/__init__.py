"""What runs inside sandboxes: read as text, put before the code to run; standard library only."""
