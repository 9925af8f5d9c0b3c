"""Tables as data: what screens show, commands print and files keep is made once, here."""
