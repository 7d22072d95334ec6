"""Where the control plane keeps what it must not lose: one interface, SQLite or PostgreSQL behind it."""
