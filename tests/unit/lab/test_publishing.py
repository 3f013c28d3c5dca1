# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import asyncio
import dataclasses
import socket

import pytest

from lab import forward, publishing
from lab.errors import LabError
from lab.state import Lab


def test_load_balancers_of_the_active_region_come_first(topology):
    standby = dataclasses.replace(topology.regions[0], state="standby")
    assert publishing.targets(topology) == ("198.51.100.11",)
    assert publishing.targets(dataclasses.replace(topology, regions=(standby,))) == ("198.51.100.11",)


def test_a_lab_without_a_load_balancer_has_nothing_to_publish(topology, tmp_path):
    with pytest.raises(LabError) as error:
        publishing.start(Lab("lab", tmp_path), dataclasses.replace(topology, regions=(topology.regions[1],)))
    assert str(error.value) == (
        "lab lab: nothing to publish\n"
        "  cause:  the topology has no load balancer with a public address\n"
        "  remedy: declare one"
    )


def test_a_port_in_use_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LabError) as error:
            publishing.listen(port)
    assert str(error.value) == (
        f"127.0.0.1:{port} is in use\n"
        "  cause:  another program, or the site of another lab, has it\n"
        f"  remedy: end it: `ss -ltnp 'sport = :{port}'` shows which it is"
    )


def test_a_connection_goes_to_the_first_target_that_answers():
    async def scenario():
        async def echo(reader, writer):
            writer.write(b"far: " + await reader.read(100))
            writer.close()

        far = await asyncio.start_server(echo, "127.0.0.1", 0)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            dead = closed.getsockname()
        alive = far.sockets[0].getsockname()
        near = await asyncio.start_server(lambda r, w: forward.serve([dead, alive], r, w), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*near.sockets[0].getsockname())
        writer.write(b"hello")
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        near.close()
        far.close()
        return answer

    assert asyncio.run(scenario()) == b"far: hello"


def test_arguments_of_the_forwarder():
    assert forward.parse("3=198.51.100.11:443,198.51.100.12:443") == (
        3,
        [("198.51.100.11", 443), ("198.51.100.12", 443)],
    )
