"""Who is asking, told once for a request: for ASGI in :mod:`.asgi`, for WSGI in :mod:`.wsgi`."""
