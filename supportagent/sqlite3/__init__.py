"""Django's SQLite for a process of many threads: writers queue up, and connections are used again."""
