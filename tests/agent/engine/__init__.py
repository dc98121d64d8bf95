"""The embedded engine, alone and from the shipped seeds."""
