"""pymodbus' own server: a unit that is none of ours. Run as a program."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from pymodbus import ModbusDeviceIdentification
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


async def _serve() -> None:
    bits = [SimData(0, values=[False] * 64, datatype=DataType.BITS)]
    registers = [SimData(0, count=16, values=0, datatype=DataType.REGISTERS)]
    unit = SimDevice(1, simdata=(bits, bits, registers, registers))
    says = ModbusDeviceIdentification(info_name={"VendorName": "ACME", "ProductCode": "V64"})
    server: Any = ModbusTcpServer(unit, address=("127.0.0.1", 0), identity=says)
    await server.listen()
    port = server.transport.sockets[0].getsockname()[1]
    sys.stdout.write(f"listening: modbus+tcp://127.0.0.1:{port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
