"""PhysioNet's formats, read without the wfdb package: headers, signal formats 16 and 212, MIT annotations.

Written from the published file format pages (header(5), signal(5), annot(5)).
"""

from edgeecg.io.wfdb.annotations import Annotations, read_annotations
from edgeecg.io.wfdb.header import Header, SignalLine, parse_header
from edgeecg.io.wfdb.signals import read_record

__all__ = ["Annotations", "Header", "SignalLine", "parse_header", "read_annotations", "read_record"]
