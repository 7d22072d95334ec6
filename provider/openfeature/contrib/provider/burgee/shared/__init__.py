"""What a daemon shares with the applications of its machine: its head, and its snapshots as files."""
