"""What each instrument is: files, recipe, metrics, limits."""
