"""Stretches of a stream cut out of a journal, with the beats and alerts that were found in them, and written as others read them."""
