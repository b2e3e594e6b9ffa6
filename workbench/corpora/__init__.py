"""Where documents come from: a folder, or the source of the installed packages."""
