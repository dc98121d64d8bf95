"""The doors of the record."""
