// SPDX-License-Identifier: LGPL-2.1-or-later
// Numbers nobody can guess, for ids, keys and nonces.
#pragma once

#include "core/base/random.hpp"

namespace genos::crypto {

class SecureRandom final : public core::Random {
 public:
  std::uint64_t next() override;
};

}  // namespace genos::crypto
