"""Acts on the network: the machine's own addresses, the platform's port, neighbours and metadata services."""
import os
import socket
import struct
import time

from act import act, tried

REFUSED = "ECONNREFUSED ENETUNREACH EHOSTUNREACH EADDRNOTAVAIL EINVAL"
HELLO = b"tinderbox"


def spoken(family, address):
    """Connects and says something: `ok` only if somebody accepted. Waits for the end, so that a refusal that comes
    after the handshake is seen too."""
    def speak():
        with socket.socket(family, socket.SOCK_STREAM) as peer:
            peer.settimeout(5)
            peer.connect(address)
            peer.sendall(HELLO)
            if peer.recv(64) != HELLO:
                raise ConnectionRefusedError(111, "")
    return tried(speak)


@act(REFUSED, "egress policy, own network namespace")
def connect(host, port):
    return spoken(socket.AF_INET6 if ":" in host else socket.AF_INET, (host, port))


@act(REFUSED + " gaierror", "egress policy")
def connect_by_name(name, port):
    """A name of which an attacker says where it leads."""
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return "gaierror"
    answers = {spoken(family, address) for family, _, _, _, address in found}
    return "ok" if "ok" in answers else sorted(answers)[0]


@act("nothing", "egress policy")
def datagram(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as peer:
        peer.settimeout(0.3)
        try:
            peer.sendto(HELLO, (host, port))
            return "heard" if peer.recv(64) == HELLO else "nothing"
        except OSError:
            return "nothing"


@act("ECONNREFUSED", "network namespace")
def abstract_unix_socket_of_the_host(name):
    return spoken(socket.AF_UNIX, "\0" + name)


@act("ENOENT EACCES", "own root")
def unix_socket_of_the_host(path):
    return spoken(socket.AF_UNIX, path)


@act("ECONNREFUSED", "network namespace")
def neighbours_loopback(port):
    return spoken(socket.AF_INET, ("127.0.0.1", port))


@act("EPERM", "no capability", apart=True)
def change_the_network(name="lo"):
    """Takes an interface down by SIOCSIFFLAGS."""
    import fcntl
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        return tried(fcntl.ioctl, asked, 0x8914, struct.pack("16sH14x", name.encode(), 0))


def datagram_flood(hosts, seconds):
    """As many datagrams as go out: to closed addresses, and questions to the name server."""
    question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05flood\x07invalid\x00\x00\x01\x00\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.setblocking(False)
        sent, until = 0, time.monotonic() + seconds
        while time.monotonic() < until:
            for host in hosts:
                try:
                    sent += peer.sendto(question, (host, 53)) > 0
                except OSError:
                    pass
        return sent


def connection_flood(hosts, seconds):
    tries, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        for host in hosts:
            peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            peer.setblocking(False)
            peer.connect_ex((host, 80 + tries % 1000))
            peer.close()
            tries += 1
    return tries


def listen_where_a_neighbour_might_look(port):
    """Left open for as long as the environment lives; in a child that answers."""
    listener = socket.create_server(("127.0.0.1", port))
    if os.fork() == 0:
        while True:
            peer, _ = listener.accept()
            peer.sendall(peer.recv(64))
            peer.close()
    listener.close()
