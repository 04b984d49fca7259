"""The files of docs/broker: TLS alone, and nobody may do more than he must."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pika
import pytest

from tests.integration.broker_road import Asker, BrokerRoad
from tests.integration.brokers import Broker
from tests.integration.clean_homes import CHECKOUT
from tests.integration.laboratories import HOST
from tests.integration.processes import Processes, run_forked, wait_until

FILES = CHECKOUT / "docs" / "broker"


class Secured:
    """A broker with these files, but for its port, folder and passwords."""

    def __init__(self, processes: Processes) -> None:
        folder = processes.folder
        certs(folder)
        definitions = json.loads((FILES / "definitions.json").read_text("utf-8"))
        for user in definitions["users"]:
            user["password_hash"] = hashed(user["name"])
            secret = folder / f"{user['name']}.secret"
            secret.write_text(user["name"])
            secret.chmod(0o600)
        (folder / "definitions.json").write_text(json.dumps(definitions))
        text = (FILES / "rabbitmq.conf").read_text("utf-8")
        text = text.replace("/etc/rabbitmq/", f"{folder}/")
        self.broker = Broker(processes, start=False)
        text = text.replace("ssl.default = 5671", f"ssl.1 = {HOST}:{self.broker.port}")
        self.broker.configure(text)
        self.broker.start()
        self._folder = folder
        self._connections: list[pika.BlockingConnection] = []

    def more(self, user: str) -> str:
        """What follows in an endpoint string."""
        folder = self._folder / "certs"
        return (
            f":vhost=pychron:user={user}:password={self._folder / user}.secret"
            f":trustRoots={folder / 'ca.pem'}"
            f":certificate={folder / 'client.pem'}:privateKey={folder / 'client.key'}"
        )

    def channel(self, user: str) -> Any:
        """A channel of a client that has that user's rights."""
        folder = self._folder / "certs"
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        context.load_cert_chain(folder / "client.pem", folder / "client.key")
        parameters = pika.ConnectionParameters(
            HOST,
            self.broker.port,
            "pychron",
            pika.PlainCredentials(user, user),
            ssl_options=pika.SSLOptions(context, HOST),
        )
        self._connections.append(pika.BlockingConnection(parameters))
        return self._connections[-1].channel()

    def close(self) -> None:
        for each in self._connections:
            each.close()


def certs(folder: Path) -> None:
    """An authority, and certificates of it for the broker and for who comes to it."""
    for words in (
        ("init", "certs"),
        ("issue", "certs", "broker", "--host", HOST, "--host", "localhost"),
        ("issue", "certs", "client"),
    ):
        arguments = ("-m", "pychron_comms.certs", *words)
        done = run_forked(sys.executable, *arguments, folder=folder)
        assert done.returncode == 0, done.stdout


def hashed(password: str) -> str:
    """As RabbitMQ keeps it."""
    salt = b"salt"
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Secured, BrokerRoad]]:
    processes = Processes(tmp_path_factory.mktemp("secured"))
    try:
        made = Secured(processes)
        yield made, BrokerRoad(processes, made.broker, "line", scheme="amqps")
        made.close()
    finally:
        processes.end()


def test_each_does_his_work_and_no_more(secured: tuple[Secured, BrokerRoad]) -> None:
    made, road = secured
    owner = road.processor(more=made.more("processor-line"))
    owner.wait_for("owns line as 1")
    server = road.server(more=made.more("server"))
    server.wait_for("connected to the owner of line")
    watcher = road.watcher("*", made.more("observer"))
    with Asker(server) as client:
        assert client.ask("Open A", ";key=k") == "OK"
        # Nobody knows when it listens: what it is told of is asked until then.
        wait_until(
            lambda: client.ask("Close A") == "OK" and "Close A" in watcher.log, "an observer"
        )
        assert client.ask("GetValveState A") == "False"
        assert client.ask("Close A") == "OK"
    for user, act in (
        ("server", lambda channel: channel.basic_get("pychron.line.act")),
        ("server", lambda channel: channel.queue_delete("pychron.line.memory")),
        ("server", publishing("pychron.processors", "line.owner")),
        ("server", publishing("pychron.command", "co2.act")),
        ("server", publishing("", "pychron.line.act")),
        ("processor-line", publishing("pychron.command", "line.act")),
        ("processor-line", publishing("pychron.state", "co2.owner")),
        ("processor-line", lambda channel: channel.queue_declare("pychron.co2.act")),
        ("observer", publishing("pychron.command", "line.act")),
        ("observer", publishing("pychron.state", "line.owner")),
    ):
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="403"):
            act(made.channel(user))


def test_nobody_comes_in_without_a_certificate(secured: tuple[Secured, BrokerRoad]) -> None:
    made, road = secured
    without = made.more("server").partition(":certificate=")[0]
    server = road.server(more=without)
    server.wait_for("no broker at ")
    with Asker(server) as client:
        assert client.ask("Open A").startswith("ERROR 011 : ")


def publishing(exchange: str, topic: str) -> Callable[[Any], object]:
    """Publishes there, and waits for the broker's word."""

    def act(channel: Any) -> object:
        channel.confirm_delivery()
        return channel.basic_publish(exchange, topic, b"", mandatory=False)

    return act
