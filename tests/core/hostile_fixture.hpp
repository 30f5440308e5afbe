// SPDX-License-Identifier: LGPL-2.1-or-later
// A peer in a swarm that says and sends what the test likes.
#pragma once

#include "swarm_fixture.hpp"

namespace genos::core {

inline const PeerId anna{"anna"}, ben{"ben"}, mallory{"a mallory"};  // is asked before all others

// What a peer without an Exchange of its own says.
inline void says(Swarm& swarm, const PeerId& to, FileWord word, const FileInfo& file) {
  swarm.feed(to, Exchange::Heard{mallory, to_text(FileMessage{word, file, 0, 0, {}})});
}
inline void sends(Swarm& swarm, const PeerId& to, const Parcel& parcel) {
  swarm.feed(to, Exchange::Came{mallory, std::make_shared<const Bytes>(to_bytes(parcel))});
}

// ben takes what anna and mallory both offer; mallory does not answer.
struct WithASilentSource {
  TestFile file{test_content(3 * page_size)};
  Swarm swarm;
  WithASilentSource() {
    swarm.add("anna");
    swarm.add("ben");
    swarm.feed(ben, Exchange::PeerCame{mallory});
    swarm.offer("anna", file);
    says(swarm, ben, FileWord::offer, file.info);
    swarm.run(1s);
  }
};

}  // namespace genos::core
