"""`rules`: events in, alerts out. Python over events, in stream time; it never sees a sample.

`heart` remembers what events said of one stream, `episodes` is the life of one rule, `watchers` ask the one and tell the
other, `stream` puts them together, `book` does so for all streams of an engine.
"""
