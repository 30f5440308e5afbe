// SPDX-License-Identifier: LGPL-2.1-or-later
// What peers say of streams: places in metadata, ends and reports beside the channel. Each line of
// the input is one of them, from one of two peers, to a writer and to both kinds of readers.
#include "core/channel/stream.hpp"

#include <algorithm>

#include "core/base/bytes.hpp"
#include "require.hpp"

using namespace genos;
using core::StreamReader;

namespace {

struct Ends {
  core::StreamWriter writer{{"s", 1000, std::chrono::seconds(2)}};
  StreamReader messages{StreamReader::Kind::messages}, bytes{StreamReader::Kind::bytes};
  bool over = false;  // of bytes: nothing may follow
};

void place(Ends& ends, const core::PeerId& peer, const std::string& line) {
  const auto found = core::place_in(line);
  if (found)
    fuzz::require(core::place_in(core::with_place(line, *found)) == found,
                  "a place survives a round trip");
  ends.messages.handle(peer, found, line.size());
  const auto verdict = ends.bytes.handle(peer, found, line.size());
  fuzz::require(!ends.over || verdict == StreamReader::Verdict::ignore, "an end is an end");
  ends.over = ends.over || verdict == StreamReader::Verdict::last ||
              verdict == StreamReader::Verdict::broken;
  if (!found) return;
  (void)ends.messages.passed(peer, *found, line.size());
  (void)ends.bytes.passed(peer, *found, line.size());
}

void aside(Ends& ends, const core::PeerId& peer, std::string_view line) {
  if (const auto end = core::end_in(line)) {
    fuzz::require(core::end_in(core::end_text(*end)) == end, "an end survives a round trip");
    ends.messages.handle(peer, *end);
    const auto verdict = ends.bytes.handle(peer, *end);
    fuzz::require(!ends.over || verdict == StreamReader::Verdict::ignore, "an end is an end");
    ends.over = ends.over || verdict == StreamReader::Verdict::last ||
                verdict == StreamReader::Verdict::broken;
  }
  if (const auto report = core::report_in(line)) {
    fuzz::require(core::report_in(core::report_text(*report)) == report,
                  "a report survives a round trip");
    ends.writer.report(peer, *report);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Ends ends;
  const core::PeerId peers[] = {{"anna"}, {"ben"}};
  for (const auto& peer : peers) ends.writer.add(peer);
  const auto text = core::text_of({data, size});
  for (std::size_t begin = 0, count = 0; begin < text.size(); count++) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = text.substr(begin, end - begin);
    const auto& peer = peers[line.size() % 2];
    ends.writer.write(line.size());
    place(ends, peer, std::string(line));
    aside(ends, peer, line);
    begin = end + 1;
    if (count % 64 == 63) ends.messages.forget(peer);
  }
  ends.writer.end(core::Time());
  return 0;
}
