#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A way of one's own to find peers: a folder that all of them see. Each has a folder in it, to which
the others write. Says hello to whoever comes, and leaves when it was greeted.
Usage: folder_signaling.py FOLDER"""
import json
import os
import pathlib
import shutil
import sys
import uuid

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstGenos", "1.0")
from gi.repository import Gio, GLib, GObject, Gst, GstGenos  # noqa: E402

POLL_MS = 20


class FolderSignaling(GObject.Object, GstGenos.Signaling):
    """The library calls the do_ methods, on its own thread; none of them waits."""

    def __init__(self, folder):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.known = set()

    def do_join(self, _app_id, _room_id, self_id):
        self.self_id = self_id
        self.inbox = self.folder / self_id
        self.inbox.mkdir(parents=True)
        self.poll = GLib.timeout_source_new(POLL_MS)
        self.poll.set_callback(self.look)
        self.poll.attach(GLib.MainContext.get_thread_default())
        self.joined()

    def do_leave(self):
        self.poll.destroy()
        shutil.rmtree(self.inbox)

    def do_send(self, peer_id, kind, payload):
        letter = {"from": self.self_id, "kind": kind, "payload": payload}
        name = f"{GLib.get_monotonic_time():020}-{uuid.uuid4().hex}"
        try:
            draft = self.folder / peer_id / f".{name}"
            draft.write_text(json.dumps(letter))
            draft.rename(draft.with_name(name))  # never seen half written
        except FileNotFoundError:
            pass  # the peer has left

    def do_wake(self, _peer_id):
        pass  # our folder says that we are here

    def look(self, _data=None):
        here = {path.name for path in self.folder.iterdir()} - {self.self_id}
        for peer in here - self.known:
            self.peer_seen(peer)
        for peer in self.known - here:
            self.peer_gone(peer)
        self.known = here
        for path in sorted(self.inbox.glob("[!.]*")):
            letter = json.loads(path.read_text())
            os.unlink(path)
            self.receive(letter["from"], letter["kind"], letter["payload"])
        return GLib.SOURCE_CONTINUE


def main():
    Gst.init(None)
    loop = GLib.MainLoop()
    room = GstGenos.Room(app_id="genos", id="demo")
    room.set_signaling_object(FolderSignaling(sys.argv[1]))
    chat = room.channel("chat")

    def on_message(_channel, peer, _kind, payload, _meta):
        print(f"{peer.get_id()}: {payload.get_data().decode()}")
        GLib.timeout_add(200, loop.quit)

    room.connect("peer-join", lambda _room, peer: chat.send_text("Hello", [peer.get_id()]))
    chat.connect("message", on_message)
    room.join_async(None, None, None)
    GLib.timeout_add_seconds(20, loop.quit)
    loop.run()
    room.leave()
    GstGenos.deinit()


main()
