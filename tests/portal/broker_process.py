"""A process that uses the broker: ``python -m tests.portal.broker_process FOLDER VERB NAME COUNT``.

``put`` says NAME-0 to NAME-<COUNT-1>; ``get`` prints what it gets until the message "end"; ``bind`` binds COUNT
queues of its own to the exchange "all".
"""

import sys
import time
from pathlib import Path
from queue import Empty
from typing import Final

from kombu import Connection, Exchange, Queue

from portal import broker

QUEUE: Final = Queue("work")
ALL: Final = Exchange("all", type="fanout")
PADDING: Final = "é" * 20_000  # more than gets into a file at once


def connect(folder: Path) -> Connection:
    broker.register()
    return Connection("atomicfs://", transport_options=broker.options(folder))


def put(connection: Connection, name: str, count: int) -> None:
    producer = connection.Producer()
    for number in range(count):
        body = {"name": f"{name}-{number}", "padding": PADDING if number % 10 == 0 else ""}
        producer.publish(body, routing_key=QUEUE.name, declare=[QUEUE])


def get(connection: Connection, name: str, count: int) -> None:
    simple = connection.SimpleQueue(QUEUE)
    while True:
        try:
            message = simple.get(block=False)
        except Empty:
            time.sleep(0.01)
            continue
        message.ack()
        body = message.payload
        if body["name"] == "end-0":
            return
        assert body["padding"] in {"", PADDING}
        sys.stdout.write(f"{body['name']}\n")


def bind(connection: Connection, name: str, count: int) -> None:
    for number in range(count):
        Queue(f"{name}-{number}", exchange=ALL, channel=connection.default_channel).declare()


if __name__ == "__main__":
    with connect(Path(sys.argv[1])) as opened:
        {"put": put, "get": get, "bind": bind}[sys.argv[2]](opened, sys.argv[3], int(sys.argv[4]))
