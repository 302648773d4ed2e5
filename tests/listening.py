"""Which sockets a process listens on."""

import psutil


def listening_addresses(pid: int) -> list[tuple[str, int]]:
    """Host and port of every TCP or UDP socket of a process that others can send to."""
    connections = psutil.Process(pid).net_connections("inet")
    return [
        (connection.laddr.ip, connection.laddr.port)
        for connection in connections
        if connection.laddr and not connection.raddr
    ]
