"""Three nodes with the files of docs/broker/cluster: each of them may die, one after the other."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess

import pika
import pytest

from tests.integration.broker_road import BrokerRoad
from tests.integration.brokers import (
    kill_node,
    need_broker,
    node_environment,
    start_node,
    wait_for_node,
)
from tests.integration.clean_homes import CHECKOUT
from tests.integration.ports import free_port
from tests.integration.processes import PATIENCE, Processes, wait_until

FILES = CHECKOUT / "docs" / "broker" / "cluster"

#: Seconds in which three nodes, of which one has died, must have an owner of the hardware that
#: knows what was done: on a busy machine each step of it takes many times as long.
_TAKEOVER = 300.0

#: Each node has the port at an address of its own.
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


class Cluster:
    """Stands for ``Broker`` where addresses are asked for."""

    def __init__(self, processes: Processes) -> None:
        need_broker()
        self._processes = processes
        self.port = free_port()
        mapper = free_port()
        processes.start("epmd", "-port", str(mapper), "-address", "127.0.0.1")
        self._environments = [
            self._environment(number, host, mapper) for number, host in enumerate(HOSTS, 1)
        ]
        self._nodes = [start_node(processes, each) for each in self._environments]
        for node in self._nodes:
            wait_for_node(node)

    def kill(self, number: int) -> None:
        kill_node(self._nodes[number])

    def start(self, number: int) -> None:
        self._nodes[number] = start_node(self._processes, self._environments[number])
        wait_for_node(self._nodes[number])

    def wait_for_end(self, hardware: str, key: str) -> None:
        """Return when most nodes have a record of that command's end: who reads a stream sees
        nothing sooner."""
        with pika.BlockingConnection(pika.ConnectionParameters(HOSTS[0], self.port)) as connection:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=100)
            messages = channel.consume(
                f"pychron.{hardware}.memory",
                arguments={"x-stream-offset": "first"},
                inactivity_timeout=PATIENCE,
            )
            is_taken = False
            for method, _, body in messages:
                assert method is not None, f"{key} has not ended"
                is_taken = is_taken or f'"key":"{key}"'.encode() in body
                if is_taken and b'"event":"end"' in body:
                    return

    def address(
        self, hardware: str, more: str = "", port: int | None = None, scheme: str = "amqp"
    ) -> str:
        return f"{scheme}:{','.join(HOSTS)}:{self.port}:set={hardware}{more}"

    def _environment(self, number: int, host: str, mapper: int) -> dict[str, str]:
        folder = self._processes.folder / f"node{number}"
        folder.mkdir()
        environment = node_environment(folder, f"rabbit{number}", mapper, host, self.port)
        text = (FILES / "cluster.conf").read_text("utf-8")
        text = re.sub(r"rabbit@broker(\d)", r"rabbit\1@localhost", text)
        (folder / "rabbitmq.conf").write_text(f"{text}\ndisk_free_limit.absolute = 1MB\n")
        cookie = folder / ".erlang.cookie"
        cookie.write_text("a secret of these three")
        cookie.chmod(0o400)
        return environment


def test_each_node_may_die(processes: Processes) -> None:
    """What most nodes have is known for good, whoever owns the hardware. What was told to the one
    that dies then is told again by its owner; where he comes back too late, it is unknown. Neither
    is ever done again."""
    cluster = Cluster(processes)
    road = BrokerRoad(processes, cluster, "line")
    processors = [road.owner(), road.processor()]
    processors[1].wait_for("stands by for line")
    with road.connected() as client:
        first = client.open_one("A", _TAKEOVER, is_named=True)
        cluster.wait_for_end("line", first)
        opened = [first]
        for number in range(len(HOSTS)):
            last = f"L{number}"
            before = client.outcome(f"Open {last}", last, _TAKEOVER)
            cluster.kill(number)
            opened.append(client.open_one(f"N{number}x", _TAKEOVER))
            wait_until(
                lambda: client.outcome(f"Open {first}", first, _TAKEOVER) == "OK",
                f"{first} to be known",
                _TAKEOVER,
            )
            after = client.outcome(f"Open {last}", last, _TAKEOVER)
            assert {before[:9], after[:9]} <= {"OK", "ERROR 201"}, (before, after)
            assert road.seen.count(f"{last} open") <= 1
            if "OK" in {before, after}:
                opened.append(last)
            if number < len(HOSTS) - 1:
                cluster.start(number)
    assert all(road.seen.count(f"{valve} open") == 1 for valve in opened)


def test_the_compose_file_starts_three_nodes_by_the_files_that_are_there() -> None:
    text = (FILES / "compose.yaml").read_text("utf-8")
    names = re.findall(r"hostname: (\w+)", text)
    listed = re.findall(r"= rabbit@(\w+)", (FILES / "cluster.conf").read_text("utf-8"))
    assert names == listed == ["broker1", "broker2", "broker3"]
    assert len(set(re.findall(r'ports: \["(\d+):5671"\]', text))) == len(names)
    mounted = re.findall(r"- (\.\S+?):/etc/rabbitmq/(\S+):ro", text)
    assert [where for _, where in mounted if "." in where] == [
        "definitions.json",
        "rabbitmq.conf",
        "conf.d/20-cluster.conf",
    ]
    for file, where in mounted:
        if where != "certs":
            assert (FILES / file).is_file(), file


def configured(**environment: str) -> subprocess.CompletedProcess[str]:
    """What docker's client makes of the compose file, by its schema; that needs no daemon."""
    docker = shutil.which("docker")
    if docker is None:
        pytest.skip("there is no docker: the compose file is not checked by its schema")
    return subprocess.run(
        [docker, "stack", "config", "--compose-file", FILES / "compose.yaml"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_the_compose_file_is_one_by_dockers_own_schema() -> None:
    told = configured(PYCHRON_COOKIE="a-secret-of-three")
    assert told.returncode == 0, told.stderr
    assert re.findall(r"hostname: (\w+)", told.stdout) == ["broker1", "broker2", "broker3"]
    services = told.stdout.partition("services:\n")[2].partition("\nx-node:")[0]
    assert services.count("RABBITMQ_ERLANG_COOKIE: a-secret-of-three") == len(HOSTS)
    for file in ("../definitions.json", "../rabbitmq.conf", "cluster.conf"):
        assert services.count(f"source: {(FILES / file).resolve()}\n") == len(HOSTS)
    without = configured(PYCHRON_COOKIE="")
    assert without.returncode != 0
    assert "PYCHRON_COOKIE" in without.stderr


def test_the_drop_in_is_what_systemd_reads() -> None:
    unit = configparser.ConfigParser(strict=True, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string((FILES / "rabbitmq-server.service.d.conf").read_text("utf-8"))
    assert unit["Service"]["Environment"] == "RABBITMQ_NODENAME=rabbit@%l"
    assert unit["Service"]["Restart"] == "always"
