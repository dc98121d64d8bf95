"""The facts a conversation announces after commit. Each carries only a primary key."""

from django.dispatch import Signal

message_received = Signal()  # pk of a conversation in which a customer wrote and the bot should look
reply_queued = Signal()  # pk of a conversation that has something to send
conversation_changed = Signal()  # pk of a conversation in which anything moved
