"""What touches files, ports and brokers."""
