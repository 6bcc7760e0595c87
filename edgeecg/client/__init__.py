"""What other programs import to receive alerts and acknowledge them. Light: no kernels, no engine, no runtime."""

from edgeecg.client.subscriber import AlertSubscriber

__all__ = ["AlertSubscriber"]
