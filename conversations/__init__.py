"""The record of what was said and by whom: customers, conversations, messages, escalations and deliveries."""
