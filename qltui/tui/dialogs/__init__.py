"""Screens over a screen: what is asked or told beside the picture of the night."""
