"""One script per claim of the README, each beside the thing it is compared with."""
