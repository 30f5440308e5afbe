# SPDX-License-Identifier: LGPL-2.1-or-later
"""The floor of picture/run: one encoder, and for each viewer a queue and a webrtcbin, in this process. What one end
signals the other has at once: no relay, nobody is searched for. VP8, since GStreamer 1.22 cannot send AV1.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402, F401 (GstSdp: what a description is made of)

ENCODED = ("vp8enc deadline=1 cpu-used=8 end-usage=cbr target-bitrate=1000000 keyframe-max-dist=300 ! "
           "rtpvp8pay mtu=1200 picture-id-mode=15-bit ! "
           "application/x-rtp,media=video,encoding-name=VP8,payload=96 ! tee name=tee allow-not-linked=true")

kept = []  # webrtcbin 1.22 leaves its reference floating, so PyGObject would take it and drop it


def webrtcbin(latency=0):
    element = Gst.ElementFactory.make("webrtcbin")
    element.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
    element.set_property("latency", latency)
    kept.append(element.get_property("ice-agent"))
    agent = kept[-1].get_property("agent")
    for name, value in (("upnp", False), ("ice-tcp", False), ("stun-pacing-timer", 2)):  # as ours has it
        agent.set_property(name, value)
    return element


def describe(element, action, then):
    """Makes an offer or an answer, takes it for its own, and hands it on."""
    def made(promise):
        reply = promise.get_reply()  # the description lives in it
        description = reply.get_value(action.removeprefix("create-"))
        element.emit("set-local-description", description, Gst.Promise.new())
        then(description)

    element.emit(action, None, Gst.Promise.new_with_change_func(made))


class Line:
    """From one more webrtcbin at `sender`, a line that begins with `ENCODED`, to one in a pipeline of its own;
    what comes out goes into `sink`, an element that decoded pictures may be given to."""

    def __init__(self, sender, sink, latency):
        self.sender, self.sink = sender, sink
        self.queue, self.gives = Gst.ElementFactory.make("queue"), webrtcbin()
        self.pipeline, self.takes = Gst.Pipeline(), webrtcbin(latency)
        self.pipeline.add(self.takes)
        self.takes.connect("pad-added", self.came)
        self.takes.connect("on-ice-candidate", lambda _, line, text: self.gives.emit("add-ice-candidate", line, text))
        self.gives.connect("on-ice-candidate", lambda _, line, text: self.takes.emit("add-ice-candidate", line, text))
        self.pipeline.set_state(Gst.State.PLAYING)
        sender.add(self.queue)
        sender.add(self.gives)
        self.gives.connect("on-negotiation-needed", lambda _: describe(self.gives, "create-offer", self.offered))
        self.queue.link(self.gives)
        for element in (self.gives, self.queue):
            element.sync_state_with_parent()
        self.tap = sender.get_by_name("tee").request_pad_simple("src_%u")
        self.tap.link(self.queue.get_static_pad("sink"))

    def offered(self, offer):
        self.takes.emit("set-remote-description", offer, Gst.Promise.new())
        describe(self.takes, "create-answer",
                 lambda answer: self.gives.emit("set-remote-description", answer, Gst.Promise.new()))

    def came(self, _, pad):
        decoder = Gst.parse_bin_from_description("rtpvp8depay request-keyframe=true wait-for-keyframe=true ! vp8dec",
                                                 True)
        for element in (decoder, self.sink):
            self.pipeline.add(element)
        decoder.link(self.sink)
        for element in (self.sink, decoder):
            element.sync_state_with_parent()
        if pad.link(decoder.get_static_pad("sink")) != Gst.PadLinkReturn.OK:
            sys.exit("a bare webrtcbin's pad does not fit a decoder")

    def end(self):
        self.pipeline.set_state(Gst.State.NULL)
        self.sender.get_by_name("tee").release_request_pad(self.tap)
        for element in (self.queue, self.gives):
            element.set_state(Gst.State.NULL)
            self.sender.remove(element)
