# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what tcpdump wrote: enough of pcap, Ethernet, IP, UDP, TCP and DNS to
say who sent what when. Any other packet is reported too, never dropped."""
import ipaddress
import struct
from dataclasses import dataclass


@dataclass
class Packet:
    time: float        # seconds since the epoch
    kind: str          # "udp", "tcp" or "other"
    src: tuple = ()    # (address, port)
    dst: tuple = ()
    payload: bytes = b""
    flags: int = 0     # TCP

    @property
    def dns_query(self):
        """The name asked for, or None."""
        if self.kind != "udp" or self.dst[1] != 53 or len(self.payload) < 13:
            return None
        labels, at = [], 12
        while at < len(self.payload) and self.payload[at]:
            n = self.payload[at]
            labels.append(self.payload[at + 1:at + 1 + n].decode("ascii", "replace"))
            at += 1 + n
        return ".".join(labels)

    def __str__(self):
        what = f"{self.kind} {self.src} -> {self.dst}"
        return f"{what} DNS {self.dns_query}" if self.dns_query else what


def _ip(time, frame):
    if not frame:
        return Packet(time, "other")
    version = frame[0] >> 4
    if version == 4 and len(frame) >= 20:
        header = (frame[0] & 15) * 4
        proto, src, dst = frame[9], frame[12:16], frame[16:20]
        body = frame[header:struct.unpack(">H", frame[2:4])[0]]
    elif version == 6 and len(frame) >= 40:
        proto, src, dst = frame[6], frame[8:24], frame[24:40]
        body = frame[40:]
    else:
        return Packet(time, "other")
    src, dst = str(ipaddress.ip_address(src)), str(ipaddress.ip_address(dst))
    if proto == 17 and len(body) >= 8:
        sport, dport = struct.unpack(">HH", body[:4])
        return Packet(time, "udp", (src, sport), (dst, dport), body[8:])
    if proto == 6 and len(body) >= 20:
        sport, dport = struct.unpack(">HH", body[:4])
        return Packet(time, "tcp", (src, sport), (dst, dport), body[(body[12] >> 4) * 4:], body[13])
    return Packet(time, "other", (src, 0), (dst, 0), body)


def read(path):
    """All packets of a capture file; an unfinished last record is left out."""
    data = open(path, "rb").read()
    if len(data) < 24:
        return []
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    nano = data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
    link = struct.unpack(order + "I", data[20:24])[0]
    packets, at = [], 24
    while at + 16 <= len(data):
        seconds, fraction, size, _ = struct.unpack(order + "IIII", data[at:at + 16])
        frame = data[at + 16:at + 16 + size]
        at += 16 + size
        if len(frame) < size:
            break
        time = seconds + fraction / (1e9 if nano else 1e6)
        if link == 1 and frame[12:14] in (b"\x08\x00", b"\x86\xdd"):
            packets.append(_ip(time, frame[14:]))
        elif link == 276 and frame[0:2] in (b"\x08\x00", b"\x86\xdd"):
            packets.append(_ip(time, frame[20:]))
        else:
            packets.append(Packet(time, "other", payload=frame))
    return packets
