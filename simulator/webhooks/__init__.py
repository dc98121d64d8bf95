"""Webhooks out: the outbox that survives a restart, and the threads that deliver it."""
