"""The control plane: what may be changed at run time, planned, committed, served and told."""
