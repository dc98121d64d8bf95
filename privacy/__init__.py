"""Data rights: export a person, erase a person, export conversations, and let nothing stay longer than it may."""
