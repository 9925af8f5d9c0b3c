"""Raw exposures of DECam with known truth."""
