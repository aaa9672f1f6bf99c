"""The steps by which a database comes to this version."""
