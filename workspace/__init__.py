"""The escalation workspace: the queue, the conversation and the composer of support staff."""
