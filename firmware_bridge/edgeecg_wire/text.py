"""What the two kinds of text in a frame may hold."""

import re

DEVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,15}")  # safe as a file name and as a level of an MQTT topic
TEXT = re.compile(r"[ -~]{0,16}")
