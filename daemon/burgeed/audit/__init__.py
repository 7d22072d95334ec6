"""The audit: encrypted entries in a hash chain, under signed checkpoints."""
