"""PostgreSQL as Django has it, but for a server that answers nothing."""
