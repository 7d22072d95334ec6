"""What the daemon says over HTTP, on its Unix socket and on TCP."""
