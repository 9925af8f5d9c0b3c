"""What a night leaves, copied out whole: files with their checksums, and what made them."""
