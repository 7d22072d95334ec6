"""``/admin/v1``: what is set at run time, seen, changed, explained and accounted for."""
