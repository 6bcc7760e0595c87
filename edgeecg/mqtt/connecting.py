"""A client for one broker, that no peer can make hold more than it should."""

import socket
import ssl
from typing import Any, Final, Self, TypeVar

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from edgeecg.errors import ConfigError
from edgeecg.mqtt.settings import MqttSettings

CONNECT_S: Final = 5.0


class _Capped(bytearray):
    """Takes bytes in up to a limit, and forgets what comes after."""

    most_bytes = 0

    def __iadd__(self, data: Any) -> Self:  # type: ignore[misc]  # adding still makes what bytearray makes
        room = self.most_bytes - len(self)
        if room > 0:
            self.extend(memoryview(data)[:room])
        return self


class CappedClient(Client):
    """Holds `most_bytes` of a packet at most. paho collects a packet in `_in_packet["packet"]`."""

    most_bytes = 0

    @property
    def _in_packet(self) -> Any:
        return self._collected

    @_in_packet.setter
    def _in_packet(self, packet: Any) -> None:
        packet["packet"] = capped = _Capped()
        capped.most_bytes = self.most_bytes
        self._collected = packet

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        """As paho's, but a socket whose handshake fails is closed. The host's name is checked in the handshake."""
        assert self._ssl_context is not None
        wrapped = self._ssl_context.wrap_socket(tcp_sock, server_hostname=self._host, do_handshake_on_connect=False)
        try:
            wrapped.settimeout(self._connect_timeout)
            wrapped.do_handshake()
        except BaseException:
            wrapped.close()
            raise
        return wrapped


C = TypeVar("C", bound=CappedClient)


def new_client(settings: MqttSettings, *, max_packet: int) -> Client:
    """Return a client that is not connected. Of a packet longer than `max_packet` the rest is read and forgotten."""
    return prepared(CappedClient, settings, max_packet=max_packet)


def prepared(kind: type[C], settings: MqttSettings, *, max_packet: int) -> C:
    """Return such a client of a kind."""
    client = kind(CallbackAPIVersion.VERSION2, client_id=settings.client_id, protocol=MQTTv5, reconnect_on_failure=False)
    client.most_bytes = max_packet
    client.connect_timeout = CONNECT_S
    if settings.username is not None:
        said = settings.password
        client.username_pw_set(settings.username, said() if callable(said) else said)
    if settings.ca_file is not None:
        try:
            client.tls_set(ca_certs=settings.ca_file, certfile=settings.certificate_file, keyfile=settings.key_file)
        except (ssl.SSLError, OSError) as error:
            raise ConfigError(
                f"{settings.broker}: ca_file, certificate_file, key_file", str(error), "certificates and a key, in PEM"
            ) from error
    return client
