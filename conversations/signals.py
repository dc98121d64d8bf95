"""The facts a conversation announces after commit. Each carries the ``conversation`` as it was written."""

from django.dispatch import Signal

message_received = Signal()  # a customer wrote in it and the bot should look
reply_queued = Signal()  # it has something to send
conversation_changed = Signal()  # anything in it moved
