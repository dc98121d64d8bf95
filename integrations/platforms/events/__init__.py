"""Any platform that speaks signed webhooks: what it posts to us, and what is posted to it.

The wire's form is written in ``schemas``: ``message.created`` in, ``message.reply`` out.
"""

from integrations.platforms.events.adapter import Events

__all__ = ["Events"]
