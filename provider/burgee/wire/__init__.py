"""The messages between daemon, provider and reader process, each in both directions. No I/O."""
