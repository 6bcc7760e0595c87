"""One connection to an MQTT 5 broker, kept up: what sinks and the client share."""
