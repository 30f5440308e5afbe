// SPDX-License-Identifier: LGPL-2.1-or-later
// One lambda per alternative for std::visit.
#pragma once

namespace genos::core {

template <class... Fs> struct Overloaded : Fs... { using Fs::operator()...; };
template <class... Fs> Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace genos::core
