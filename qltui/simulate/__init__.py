"""Raw exposures with known truth."""
