"""The embedded default: everything in one process, with nothing to install beside it. ``manage.py up`` starts it."""
