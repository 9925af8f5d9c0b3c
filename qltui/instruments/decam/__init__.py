"""DECam, the imager of the Blanco telescope: 62 CCDs."""
