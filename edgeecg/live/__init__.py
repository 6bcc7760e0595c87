"""What people look at while it happens: the engine's events as lines of JSON on a local socket, for any number of readers."""
