"""TLS on the TCP port: the certificate and its files, the handshake, and who a client's certificate names."""
