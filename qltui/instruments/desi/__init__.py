"""The Dark Energy Spectroscopic Instrument: ten spectrographs with three arms and 500 fibres each."""
