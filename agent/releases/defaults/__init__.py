"""What release 1 holds beside the seed files: escalation rules and the fixed texts that the seeds do not have."""
