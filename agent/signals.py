"""What the agent announces after commit; who acts on it is said in the flow."""

from django.dispatch import Signal

heads_wanted = Signal()  # a release's heads are to be fitted: ``release_id``, and ``after`` so many seconds
