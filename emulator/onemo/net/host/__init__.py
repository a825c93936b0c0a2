"""The host's own network: sockets, names, TLS, pings, the time, and routes to servers of one's own."""
