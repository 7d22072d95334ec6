"""The sidecar: watches definitions, evaluates flags, serves the answers."""
