#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lines of gst-launch-1.0 that show each other pictures, over bad networks."""
import os
import re
import signal
import subprocess
import threading
import time

from people import Cable, LabTest, Relay, main, program

PICTURE = ("videotestsrc is-live=true pattern=ball ! "
           "video/x-raw,width=320,height=240,framerate=30/1").split()
SIDE = 16  # of the pictures that a watcher reads
SMALL = (f"videoconvert ! videoscale ! video/x-raw,format=GRAY8,width={SIDE},height={SIDE} ! "
         "fdsink sync=false").split()
LIMIT = 20  # seconds, for what should take one


class Line:
    """A gst-launch-1.0 in a host; of a watcher, when each picture came."""

    def __init__(self, host, relay, words):
        environment = {**os.environ, "GST_PLUGIN_PATH": os.path.dirname(program("GENOS_PLUGIN")),
                       "GENOS_SIGNALING": relay.uri, "GENOS_ICE_SERVERS": "none"}
        self.process = host.popen(["gst-launch-1.0", "-q", *words], env=environment,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.came = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while len(self.process.stdout.read(SIDE * SIDE)) == SIDE * SIDE:
            self.came.append(time.monotonic())

    def kill(self):
        self.process.kill()
        self.process.wait()


class Media(LabTest):
    def setUp(self):
        super().setUp()
        lan = self.network()
        self.relay = Relay(self.lab.host("relay", lan))
        cable = Cable(delay_ms=10)
        self.hosts = [self.lab.host(name, lan, cable) for name in ("one", "two", "three")]

    def show(self, host, *more):
        line = Line(host, self.relay, [*PICTURE, "!", "genosroomsink", "room=net", *more])
        self.addCleanup(line.kill)
        return line

    def watch(self, host, *more):
        line = Line(host, self.relay, ["genosroomsrc", "room=net", "media=video", *more, "!", *SMALL])
        self.addCleanup(line.kill)
        return line

    def flows(self, line, frames=30, seconds=LIMIT):
        """So many more pictures; gives the time of the first."""
        begun, ends = len(line.came), time.monotonic() + seconds
        while len(line.came) < begun + frames:
            self.assertLess(time.monotonic(), ends, f"{len(line.came) - begun} pictures came")
            time.sleep(0.05)
        return line.came[begun]

    def pace(self, line, seconds):
        """Pictures in so many seconds from now, and the longest time without one."""
        begun = time.monotonic()
        time.sleep(seconds)
        came = [at for at in line.came if at >= begun]
        return len(came), max((b - a for a, b in zip(came, came[1:])), default=seconds)

    def test_what_is_lost_is_sent_again(self):
        speaker = Line(self.hosts[0], self.relay, [
            *PICTURE, "!", "s.video_0", *"audiotestsrc is-live=true ! s.audio_0 genosroomsink name=s room=net".split()])
        self.addCleanup(speaker.kill)
        watcher = Line(self.hosts[1], self.relay, [
            *"genosroomsrc name=r room=net r.audio_0 ! audioconvert ! fakesink r.video_0 !".split(), *SMALL])
        self.addCleanup(watcher.kill)
        self.flows(watcher)
        for percent in (3, 5):
            for host in self.hosts[:2]:
                host.lose(percent)
            count, longest = self.pace(watcher, 10)
            print(f"# {percent} % lost: {count} of 300 pictures, longest gap {longest * 1000:.0f} ms",
                  flush=True)
            self.assertGreater(count, 290)
            self.assertLess(longest, 0.3)

    def received(self, host):
        """Bytes that came to a host so far."""
        said = host.run(["cat", "/proc/net/dev"], capture_output=True, text=True).stdout
        return int(re.search(r"eth0:\s*(\d+)", said)[1])

    def test_what_nobody_takes_is_not_sent(self):
        speaker = Line(self.hosts[0], self.relay, "audiotestsrc is-live=true ! genosroomsink room=net".split())
        self.addCleanup(speaker.kill)
        for host, media in zip(self.hosts[1:], ("audio", "video")):
            line = Line(host, self.relay, f"genosroomsrc room=net media={media} ! fakesink".split())
            self.addCleanup(line.kill)
        ends, came = time.monotonic() + LIMIT, 0
        while came < 8000:
            self.assertLess(time.monotonic(), ends, f"{came} bytes of sound in a second")
            before = self.received(self.hosts[1])
            time.sleep(1)
            came = self.received(self.hosts[1]) - before
        before = [self.received(host) for host in self.hosts[1:]]
        time.sleep(5)
        took, took_not = [(self.received(host) - was) / 5 for host, was in zip(self.hosts[1:], before)]
        print(f"# {took:.0f} bytes a second to who takes it, {took_not:.0f} to who does not", flush=True)
        self.assertGreater(took, 8000)
        self.assertLess(took_not, took / 8)

    def test_a_viewer_that_stalls_and_is_killed_is_felt_by_nobody(self):
        self.show(self.hosts[0])
        watcher, other = self.watch(self.hosts[1]), self.watch(self.hosts[2])
        self.flows(watcher)
        self.flows(other)
        other.process.send_signal(signal.SIGSTOP)
        count, longest = self.pace(watcher, 6)
        print(f"# beside a stalled one: {count} of 180 pictures, longest gap {longest * 1000:.0f} ms", flush=True)
        self.assertGreater(count, 170)
        self.assertLess(longest, 0.3)
        other.kill()
        count, longest = self.pace(watcher, 12)  # until it is noticed, and after
        print(f"# {count} of 360 pictures, longest gap {longest * 1000:.0f} ms", flush=True)
        self.assertGreater(count, 350)
        self.assertLess(longest, 0.3)

    def test_after_a_cut_the_picture_is_back(self):
        self.show(self.hosts[0])
        watcher = self.watch(self.hosts[1])
        self.flows(watcher)
        self.hosts[1].cut()
        time.sleep(3)
        self.hosts[1].heal()
        healed = time.monotonic()
        back = self.flows(watcher) - healed
        print(f"# back after {back:.1f} s", flush=True)
        self.assertLess(back, 5)

    def test_who_shows_again_is_seen_again(self):
        first = self.show(self.hosts[0])
        watcher = self.watch(self.hosts[1])
        self.flows(watcher)
        first.kill()
        begun = time.monotonic()
        time.sleep(1)  # what was on its way has come
        self.show(self.hosts[0])
        back = self.flows(watcher, 5) - begun
        print(f"# seen again after {back:.1f} s", flush=True)
        self.assertLess(back, 5)

    def test_on_a_local_network_nobody_needs_a_relay(self):
        self.relay.kill()
        self.show(self.hosts[0], "signaling=lan")
        self.flows(self.watch(self.hosts[1], "signaling=lan"))

    def test_a_relay_that_is_gone_changes_nothing(self):
        self.show(self.hosts[0])
        watcher = self.watch(self.hosts[1])
        self.flows(watcher)
        self.relay.kill()
        count, longest = self.pace(watcher, 5)
        self.assertGreater(count, 140)
        self.assertLess(longest, 0.3)


if __name__ == "__main__":
    main()
