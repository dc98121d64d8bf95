"""Who may do what, at every door: pages, REST, admin and sockets, judged by one table."""
