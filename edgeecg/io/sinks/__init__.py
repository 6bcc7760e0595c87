"""Where alerts go: brokers, files, a terminal."""
