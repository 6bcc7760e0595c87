"""The stages: each turns facts into its kernel's parameters, and its kernel's rows into events."""
