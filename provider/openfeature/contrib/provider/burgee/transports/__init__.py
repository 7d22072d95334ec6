"""What moves bytes: HTTP/1.1 without input or output, and two drivers that wait."""
