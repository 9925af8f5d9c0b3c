"""Sun and moon of a night: reckoned by astropy in a process of its own, kept as a small file, read without astropy."""
