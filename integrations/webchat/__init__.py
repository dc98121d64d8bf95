"""The web chat: our own channel. A visitor writes from a page, and the row in the record is the delivery."""
