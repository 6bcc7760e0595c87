"""Print every alert of every device once, and have a person acknowledge the gravest: receive_alerts.py mqtt://127.0.0.1:1883 NAME."""

import sys

from edgeecg.client import AlertSubscriber
from edgeecg.types import AlertState, Priority

url, name = sys.argv[1:]
with AlertSubscriber(url, name=name, store=f"{name}.alerts") as subscriber:
    for got in subscriber:
        print(got.device, got.alert.priority.name, got.alert.state.name, got.alert.text, flush=True)
        if got.alert.priority == Priority.HIGH and got.alert.state == AlertState.RAISED:
            subscriber.acknowledge(got, by=input("seen by: "))
