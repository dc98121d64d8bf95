"""REST: the record is read, and every change is one call of a service."""
