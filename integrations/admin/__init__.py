"""The platforms in the admin: accounts, what came in, and who is told."""

from integrations.admin import accounts, records

__all__ = ["accounts", "records"]
