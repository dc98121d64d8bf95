"""The HTTP side: messages, routes, the loopback guard, the threaded server."""
