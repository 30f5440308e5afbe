#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Networks made of namespaces: hosts, NATs, a TURN server, slow and lossy cables. Needs root.

    with Lab() as lab:
        internet = lab.network("internet", "198.51.100.0/24")
        relay = lab.host("relay", internet)
        home = lab.nat("home", internet, "10.77.1.0/24")
        alice = lab.host("alice", home.inside, Cable(delay_ms=25, loss_percent=1))
        alice.run(["some", "command"])

Nothing reaches the machine's own network: there is no way out of the lab. All of it ends with the
block, also when that ends by an exception; what an earlier run that was killed left is swept first.
From a shell: netlab.py two-nats [--delay MS] … -- COMMAND, see --help.
"""
import argparse
import atexit
import ctypes
import glob
import ipaddress
import itertools
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

PREFIX = "genos-lab"
NETFORWARD = "GENOS_NETFORWARD"  # the built program, for cables with delay


def command(*words, check=True):
    return subprocess.run(words, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=30).stdout


def change_namespace(file):
    """For this thread; os.setns comes only with Python 3.12."""
    if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@dataclass
class Cable:
    """How a host hangs on its network, the same in both directions; all zero is a plain veth."""
    delay_ms: float = 0
    jitter_ms: float = 0
    loss_percent: float = 0
    reorder_percent: float = 0
    rate: int = 0  # bits per second
    queue_bytes: int = 256 * 1024
    seed: int = 1

    @property
    def plain(self):
        return not (self.delay_ms or self.jitter_ms or self.loss_percent or self.reorder_percent
                    or self.rate)


class Space:
    """A network namespace and what runs in it."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.path = f"/run/netns/{lab.prefix}-{name}"
        command("ip", "netns", "add", f"{lab.prefix}-{name}")
        lab.spaces.append(self)
        self.sh("ip link set lo up")
        # Addresses that nobody configured would be candidates that nobody expects.
        self.sh("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6")

    def words(self, words):
        """The words that run a command in here; it dies with its parent."""
        return ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net={self.path}", "--", *words]

    def sh(self, script):
        return command("nsenter", f"--net={self.path}", "--", "sh", "-ec", script)

    def run(self, words, **options):
        options.setdefault("timeout", 60)
        return subprocess.run(self.words(words), check=False, **options)

    def socket(self, kind):
        """A socket of this namespace, for use in this process."""
        with open("/proc/self/ns/net", "rb") as home, open(self.path, "rb") as away:
            change_namespace(away)
            try:
                return socket.socket(socket.AF_INET, kind)
            finally:
                change_namespace(home)

    def popen(self, words, **options):
        process = subprocess.Popen(self.words(words), **options)
        self.lab.processes.append(process)
        return process


class Network:
    """A switch: what hangs on it sees each other."""

    def __init__(self, lab, name, subnet):
        self.lab, self.name = lab, name
        self.subnet = ipaddress.ip_network(subnet)
        self.free = self.subnet.hosts()
        self.bridge = f"br{next(lab.numbers)}"
        lab.switch.sh(f"ip link add {self.bridge} type bridge; ip link set {self.bridge} up")


class Host(Space):
    def __init__(self, lab, name, network, cable=None, device="eth0", gateway=None):
        super().__init__(lab, name)
        self.address = lab.connect(self, network, cable or Cable(), device)
        if gateway:
            self.sh(f"ip route add default via {gateway}")

    def rate(self, rate, burst="16k", latency="100ms", device="eth0"):
        """Holds what leaves here to a rate ('1mbit'), by tbf; None lifts it."""
        self.sh(f"tc qdisc del dev {device} root 2>/dev/null || true")
        if rate:
            self.sh(f"tc qdisc add dev {device} root tbf rate {rate} burst {burst} "
                    f"latency {latency}")

    def rules(self, table, rules):
        """Replaces a table of nft rules; an empty list removes it."""
        self.sh(f"nft add table ip {table}; nft delete table ip {table}")
        if rules:
            self.sh(f"nft -f - <<'END'\ntable ip {table} {{\n" + "\n".join(rules) + "\n}\nEND")

    def lose(self, percent):
        """Random loss of what arrives; below 100, which is what cut() is for."""
        rule = f"iifname != lo numgen random mod 1000 < {round(percent * 10)} drop"
        self.rules("loss", [] if percent == 0 else [
            f"chain input {{ type filter hook input priority 0; {rule}; }}"])

    def cut(self):
        """Nothing comes or goes, and the devices do not notice."""
        self.rules("cut", [
            f"chain {hook} {{ type filter hook {hook} priority -10; {way} != lo drop; }}"
            for hook, way in (("input", "iifname"), ("output", "oifname"))])

    def heal(self):
        self.rules("cut", [])

    def only(self, *addresses):
        """Whatever else is out there cannot be reached: what is left is relayed."""
        allowed = ", ".join(str(address) for address in addresses)
        self.rules("only", [
            f"chain {hook} {{ type filter hook {hook} priority -5; {way} lo accept; "
            f"ip {side} {{ {allowed} }} accept; drop; }}"
            for hook, way, side in (("input", "iifname", "saddr"), ("output", "oifname", "daddr"))])


class Nat(Host):
    """A router that masquerades; `symmetric` gives each destination another port."""

    def __init__(self, lab, name, outside, subnet, cable=None, symmetric=False):
        super().__init__(lab, name, outside, cable)
        self.inside = Network(lab, name, subnet)
        self.inside.gateway = lab.connect(self, self.inside, Cable(), "eth1")
        how = "masquerade fully-random" if symmetric else "masquerade"
        self.sh("echo 1 > /proc/sys/net/ipv4/ip_forward")
        self.rules("nat", [
            f'chain post {{ type nat hook postrouting priority 100; oifname "eth0" {how}; }}',
            # What nobody inside asked for is dropped before it leaves a trace in the table of
            # connections: a trace would cost the host inside its port, and with it the hole that
            # both sides punch at once.
            'chain input { type filter hook input priority 0; iifname "eth0" ct state new drop; }',
            'chain forward { type filter hook forward priority 0; '
            'iifname "eth0" ct state new drop; }'])


class Lab:
    def __init__(self):
        if os.geteuid() != 0:
            raise PermissionError("a lab of network namespaces needs root")
        self.prefix = f"{PREFIX}-{os.getpid()}"
        self.spaces, self.processes, self.cables = [], [], []
        self.numbers = itertools.count()
        self.switch = None

    def __enter__(self):
        sweep()
        atexit.register(self.close)
        try:
            self.switch = Space(self, "switch")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def network(self, name, subnet):
        return Network(self, name, subnet)

    def host(self, name, network, cable=None):
        return Host(self, name, network, cable, gateway=getattr(network, "gateway", None))

    def nat(self, name, outside, subnet, cable=None, symmetric=False):
        return Nat(self, name, outside, subnet, cable, symmetric)

    def connect(self, space, network, cable, device):
        """Plugs a device of that space into the network; gives the address it got."""
        port = f"port{next(self.numbers)}"
        if cable.plain:
            self.switch.sh(f"ip link add {port} type veth peer name {device} netns "
                           f"{os.path.basename(space.path)}")
        else:
            self.cables.append(self.forwarder(f"{space.path}:{device}",
                                              f"{self.switch.path}:{port}", cable))
        self.switch.sh(f"ip link set {port} master {network.bridge} up")
        address = next(network.free)
        space.sh(f"ip addr add {address}/{network.subnet.prefixlen} dev {device}; "
                 f"ip link set {device} up")
        return str(address)

    def forwarder(self, end_a, end_b, cable):
        program = os.environ.get(NETFORWARD)
        if not program:
            raise FileNotFoundError(f"${NETFORWARD} does not name the built netforward")
        # Its input stays open as long as this process lives, and it ends with that.
        process = subprocess.Popen(
            [program, "--a", end_a, "--b", end_b, "--delay", str(cable.delay_ms),
             "--jitter", str(cable.jitter_ms), "--loss", str(cable.loss_percent),
             "--reorder", str(cable.reorder_percent), "--rate", str(cable.rate),
             "--queue", str(cable.queue_bytes), "--seed", str(cable.seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"netforward ended with {process.wait()}")
        return process

    def cable_stats(self):
        """Ends the cables with delay and gives their counts, in the order they were made."""
        return [json.loads(cable.communicate(timeout=10)[0]) for cable in self.cables]

    def turn_server(self, host, user="user", password="pass", port=3478):
        """coturn in that host, for UDP and TCP; returns when it answers."""
        # On the internet there is a way to every address; coturn ends the whole session at the
        # first packet that has none, as the private addresses among a peer's candidates have here.
        void = f"void{next(self.numbers)}"
        self.switch.sh(f"ip link add {void} type veth peer name void netns "
                       f"{os.path.basename(host.path)}; ip link set {void} up")
        host.sh("ip link set void arp off up; ip route add default dev void")
        files = f"/run/{self.prefix}-{host.name}"
        words = ["turnserver", "-n", "--listening-ip", host.address, "--relay-ip", host.address,
                 "--listening-port", str(port), "--user", f"{user}:{password}", "--realm", "genos",
                 "--lt-cred-mech", "--fingerprint", "--no-tls", "--no-dtls", "--no-cli",
                 "--log-file", "stdout", "--simple-log", "--pidfile", files + ".pid",
                 "--userdb", files + ".db"]
        process = host.popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(process, "udp", port)
        return process

    def close(self):
        atexit.unregister(self.close)
        for process in self.processes + self.cables:
            process.kill()
        for process in self.processes + self.cables:
            process.wait()
        for space in self.spaces:
            remove(os.path.basename(space.path))
        for path in glob.glob(f"/run/{self.prefix}-*"):
            os.unlink(path)
        self.spaces, self.processes, self.cables = [], [], []


def wait_for_port(process, protocol, port, seconds=10):
    """Until that process' namespace has the port open; /proc asks nobody."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with {process.returncode}")
        with open(f"/proc/{process.pid}/net/{protocol}", encoding="ascii") as lines:
            if any(line.split()[1].endswith(f":{port:04X}") for line in lines):
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing opened {protocol} port {port} in {seconds} s")


def remove(name):
    for pid in command("ip", "netns", "pids", name, check=False).split():
        if pid.isdigit():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
    command("ip", "netns", "delete", name, check=False)


def sweep():
    """Removes what a lab left whose process was killed; those of living processes stay."""
    for path in glob.glob(f"/run/netns/{PREFIX}-*"):
        name = os.path.basename(path)
        pid = name[len(PREFIX) + 1:].split("-")[0]
        if not os.path.exists(f"/proc/{pid}"):
            remove(name)


def two_nats(lab, cable=None, symmetric=False):
    """The usual internet: a public host, and two hosts, each behind a NAT of its own."""
    internet = lab.network("internet", "198.51.100.0/24")
    public = lab.host("public", internet)
    hosts = []
    for number, name in enumerate("ab", 1):
        nat = lab.nat(f"nat-{name}", internet, f"10.77.{number}.0/24", symmetric=symmetric)
        hosts.append(lab.host(name, nat.inside, cable))
    return public, *hosts


def main():
    parser = argparse.ArgumentParser(
        description="Runs COMMAND beside a public host and two hosts behind NATs. It finds in its "
        "environment GENOS_LAB_PUBLIC, GENOS_LAB_A and GENOS_LAB_B (words to put before a command "
        "that shall run there), GENOS_LAB_ADDRESS (of the public host) and, with --turn, "
        "GENOS_ICE_SERVERS.")
    parser.add_argument("layout", choices=["two-nats"])
    parser.add_argument("--delay", type=float, default=0, help="ms, of each private host's cable")
    parser.add_argument("--jitter", type=float, default=0, help="ms")
    parser.add_argument("--loss", type=float, default=0, help="percent")
    parser.add_argument("--rate", type=int, default=0, help="bits per second")
    parser.add_argument("--symmetric", action="store_true", help="each destination another port")
    parser.add_argument("--turn", action="store_true", help="coturn on the public host")
    parser.add_argument("--seconds", type=float, default=120, help="at most; default 120")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    cable = Cable(options.delay, options.jitter, options.loss, rate=options.rate)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with Lab() as lab:
        public, host_a, host_b = two_nats(lab, cable, options.symmetric)
        environment = {**os.environ, "GENOS_LAB_ADDRESS": public.address}
        for name, space in (("PUBLIC", public), ("A", host_a), ("B", host_b)):
            environment[f"GENOS_LAB_{name}"] = shlex.join(space.words([]))
        if options.turn:
            lab.turn_server(public)
            environment["GENOS_ICE_SERVERS"] = f"turn:user:pass@{public.address}:3478"
        return subprocess.run(options.command, env=environment, check=False,
                              timeout=options.seconds).returncode


if __name__ == "__main__":
    sys.exit(main())
