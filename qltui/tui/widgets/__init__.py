"""Panes: each draws plain data as lines, and knows neither files nor the record."""
