// SPDX-License-Identifier: LGPL-2.1-or-later
// How much of anything we accept from a stranger or send to one, and why that much.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace genos::core::limits {

// --- JSON -------------------------------------------------------------------------------------
// Deeper than any signalling message (4) or Nostr filter (4); a parser's stack stays small.
inline constexpr std::size_t max_json_depth = 32;
// Application payloads may nest further, but a page's own JSON.parse is the one that must cope.
inline constexpr std::size_t max_payload_json_depth = 256;
// A subscription with 250 topics has about 260 values; an event about 20.
inline constexpr std::size_t max_json_nodes = 8192;
// The largest of our own: an event with a sealed 128 KiB SDP, base64 and escaped.
inline constexpr std::size_t max_json_size = 512UL * 1024;

// --- signalling -------------------------------------------------------------------------------
// Ours have 20 characters; Trystero checks nothing. A longer one is a mistake or an attack.
inline constexpr std::size_t max_peer_id = 64;
// Ours have 12 characters.
inline constexpr std::size_t max_offer_id = 64;
// A page with four streams and every codec of Chromium 130 sends about 25 KiB.
inline constexpr std::size_t max_sdp = 128UL * 1024;
// Base64 (4/3) of the SDP, the tag, 16 IV bytes in decimal.
inline constexpr std::size_t max_sealed = 176UL * 1024;
// Largest seen: 220 bytes (TCP candidate with IPv6 address, ufrag and network cost).
inline constexpr std::size_t max_candidate = 1024;
inline constexpr std::size_t max_mid = 64;
// RFC 8839 section 5.4: ice-ufrag has at most 256 characters.
inline constexpr std::size_t max_ufrag = 256;
// Far above any SDP that we accept; webrtcbin takes the index as it is.
inline constexpr std::uint32_t max_mline = 1024;
// Candidates kept for a description that has not come yet; a machine with 10 interfaces has 40.
inline constexpr std::size_t max_parked_candidates = 128;
// The `genos` field: words we do not know yet are kept, within reason.
inline constexpr std::size_t max_capabilities = 16;
inline constexpr std::size_t max_capability = 32;

// Why one of ours leaves: a sentence for a log.
inline constexpr std::size_t max_leave_reason = 256;
// The name of a stream: RFC 8830 gives a MediaStream's id 64 characters.
inline constexpr std::size_t max_stream_id = 64;
// What is said of a stream: a title, and what an application adds.
inline constexpr std::size_t max_stream_meta = 16UL * 1024;
// Streams of a peer whose metadata we remember: a page with many cameras has ten.
inline constexpr std::size_t max_announced_streams = 64;
// Streams of which a viewer wishes for something else than of the rest: as many as it hears of.
inline constexpr std::size_t max_stream_wishes = max_announced_streams;
// A viewer's wish, which has 25 bytes, and 100 for each such stream.
inline constexpr std::size_t max_quality_wish = 8UL * 1024;
// A viewer that stops and begins to take something so often is told of no more, and stays what it
// was: an application hears of each time, and may print it.
inline constexpr unsigned max_viewer_changes = 1000;
// What a peer calls itself: it stands in lists.
inline constexpr std::size_t max_peer_name = 128;

// Peers of one room that we remember having heard; a hostile one can invent ids without end.
inline constexpr std::size_t max_heard_peers = 4096;

// --- SDP --------------------------------------------------------------------------------------
// (the whole: max_sdp, candidates: max_candidate, ids: max_mid, max_ufrag)
// Chromium's m=video with every codec has about 140 lines, and 5 m-lines 400.
inline constexpr std::size_t max_sdp_lines = 4096;
// The longest seen: 130 (a=msid-semantic of one stream); an H.264 fmtp with parameter sets has 400.
inline constexpr std::size_t max_sdp_line = 2048;
// A page adds one per track and never takes one away; webrtcbin searches them linearly.
inline constexpr std::size_t max_sdp_sections = 64;
// Payload types with RTCP multiplexing: 0 to 63 and 96 to 127 (RFC 5761 section 4).
inline constexpr std::size_t max_sdp_formats = 96;
// Chromium offers 11 to 15 header extensions.
inline constexpr std::size_t max_sdp_extensions = 32;
// One stream and its RTX; 3 layers of simulcast with RTX and FEC make 9.
inline constexpr std::size_t max_sdp_ssrcs = 16;
// RFC 8839 section 5.4.
inline constexpr std::size_t max_ice_password = 256;
// The `genos-identity` attribute: key, signature, expiry in base64url.
inline constexpr std::size_t max_identity = 512;
// Of one side for the whole life of a link, later rounds included; more only cost connectivity
// checks.
inline constexpr std::size_t link_candidates = 256;

// Tracks of a page that we ask for once more, because it could not offer them: each costs a line.
inline constexpr unsigned link_tracks_asked = 16;

// --- Nostr ------------------------------------------------------------------------------------
inline constexpr std::size_t max_nostr_message = max_json_size;
// Trystero has one tag of two strings; NIP-01 clients rarely more than a few hundred.
inline constexpr std::size_t max_tags = 512;
inline constexpr std::size_t max_tag_values = 64;
// NIP-01: a subscription id has 1 to 64 characters.
inline constexpr std::size_t max_subscription_id = 64;
inline constexpr std::size_t max_filters = 16;
// Trystero puts up to 250 topics into one filter.
inline constexpr std::size_t max_filter_values = 1024;
// NIP-01: kinds are 16 bits wide.
inline constexpr std::int64_t max_kind = 65535;

// --- data channel -----------------------------------------------------------------------------
// What every implementation of data channels takes (RFC 8841 section 6.1: 64 KiB when unsaid).
inline constexpr std::size_t max_link_message = 65536;
// Trystero's chunk: header and payload.
inline constexpr std::size_t chunk_header = 36;
inline constexpr std::size_t chunk_size = 16384;
inline constexpr std::size_t chunk_payload = chunk_size - chunk_header;
// A room's token has 64 characters; the length field would allow 65,535.
inline constexpr std::size_t token_size = 64;
inline constexpr std::size_t max_token = 128;
// The chunk inside a room frame: version, length, token.
inline constexpr std::size_t max_frame = chunk_size + 3 + token_size;
static_assert(max_frame == 16451);
// The name of an action on the wire is a field of 32 bytes.
inline constexpr std::size_t max_channel_name = 32;
// Metadata is one chunk that is not split.
inline constexpr std::size_t max_meta = chunk_payload;
// Larger than the 50 MiB that a page is known to send at once; beyond it files are the way.
inline constexpr std::size_t max_message = 64UL * 1024 * 1024;
// Control actions carry at most an SDP, quoted.
inline constexpr std::size_t max_control_message = 2 * max_sdp;
// Of one peer in one room at any time; a page interleaves as many as its code sends at once.
inline constexpr std::size_t max_partials = 64;
inline constexpr std::size_t max_partial_bytes = max_message + 16UL * 1024 * 1024;
// Names of transmissions that were refused midway, remembered until their last chunk has passed.
inline constexpr std::size_t max_refused = 1024;
// Trystero's ids have 20 characters; it checks nothing.
inline constexpr std::size_t max_request_id = 64;
// Requests of one peer in one room that wait for an answer of ours.
inline constexpr std::size_t max_open_requests = 256;
// An error text that travels in metadata.
inline constexpr std::size_t max_error_text = 1024;

// --- files ------------------------------------------------------------------------------------
// The longest name that Linux, macOS and Windows can store.
inline constexpr std::size_t max_file_name = 255;
// RFC 6838 section 4.2: twice 127 characters and a slash.
inline constexpr std::size_t max_file_type = 255;
// 16 TiB: what ext4 can hold. The roots of its pages take 32 MiB, one message.
inline constexpr std::uint64_t max_file_size = std::uint64_t{1} << 44;
// What a folder holds is listed at its beginning and held in memory: some 100,000 files.
inline constexpr std::uint64_t max_manifest = 16UL * 1024 * 1024;
inline constexpr std::size_t max_manifest_entries = 200'000;
// A name with every character escaped, and the rest.
inline constexpr std::size_t max_file_message = 4096;
// Files that one peer offers at a time; those of a folder are one.
inline constexpr std::size_t max_offers = 1024;
// Blocks that one peer may have asked for and not got, of each file: four times what we ask for.
inline constexpr std::size_t max_asked_blocks = 128;

// --- room -------------------------------------------------------------------------------------
// Peers that signalling names in one room. Ten times the largest full mesh that makes sense.
inline constexpr std::size_t max_roster = 1024;
// Strangers that may appear at once; then 50 a second. Who is really there is heard again.
inline constexpr std::int64_t roster_burst = 256;
// Trystero 0.25.4 announces once a minute: three of them may be lost.
inline constexpr std::chrono::seconds roster_memory{190};
// Connections being made at a time: each costs a pipeline, a socket per interface and threads.
inline constexpr std::size_t max_half_open = 32;
// A connection being made for longer gives way to others that wait; real ones take under 2 s.
inline constexpr std::chrono::seconds half_open_grace{5};
// Given up, but their threads and sockets still end: as many may be replaced before that.
inline constexpr std::size_t max_ending = 8;
// Whoever has not ended by then never will, and must not keep others out.
inline constexpr std::chrono::seconds ending_memory{10};
// Connections begun at once; then five a second. Making one and ending it keeps a core busy for
// some 50 ms, so a crowd of strangers that fail fast would leave no time for those who are linked.
inline constexpr std::int64_t attempt_burst = 128;
// Connections in all, half open ones too.
inline constexpr std::size_t max_links = 256;
// Pages of a room, lost lately, that are told every other second that we are still here.
inline constexpr std::size_t max_missed = 8;
// Rooms that one node is in.
inline constexpr std::size_t max_rooms = 64;
// All that EarlyCandidates holds: at most 4 MiB.
inline constexpr std::size_t max_early_candidates = 4096;
// Frames for a room that we are not in yet: a handshake is a handful of small ones.
inline constexpr std::size_t max_early_frames = 16;
inline constexpr std::size_t max_early_frame_bytes = 32UL * 1024;
// Messages from this size on wait for everything else, and only so much of them is under way that
// what is said meanwhile arrives soon. Half a block of a file; what is shorter is soon out.
inline constexpr std::size_t bulk_message = 128UL * 1024;
// What may be lost goes in pieces that fit one packet: 1,200 bytes of a path of any kind, less DTLS
// and SCTP.
inline constexpr std::size_t piece = 1024;
// A frame of 16 KiB with its header.
inline constexpr std::size_t max_pieces = 17;
// Of what may be lost, not heard of yet: 5 Mbit/s over 100 ms, and half a second of 1 Mbit/s.
inline constexpr std::size_t fresh_under_way = 64UL * 1024;
// Nothing heard of it for so long: it or the answers are lost. Longer than a slow path's round
// trip.
inline constexpr std::chrono::milliseconds fresh_silence{500};
// Begun messages of which not all came yet; the oldest makes room.
inline constexpr std::size_t max_partial_messages = 8;
// Unanswered pings of the application to one peer; more answer "timed out" at once.
inline constexpr std::size_t max_open_pings = 64;
// Protocol messages (pong, handshake) that may wait in a link beyond `send_high` when the other
// side asks but does not read.
inline constexpr std::size_t control_headroom = 1024UL * 1024;

}  // namespace genos::core::limits
