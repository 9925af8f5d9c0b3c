"""A season made up: records of many nights to measure screens on, and what the screens need for them."""
