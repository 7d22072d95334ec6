"""Flag engines that Python can call, each answering the same seven questions.

Every module here that makes an engine imports its packages at its top: an engine whose packages are missing
fails on import, and the benchmark lists it with that reason.
"""
