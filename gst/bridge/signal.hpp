// SPDX-License-Identifier: LGPL-2.1-or-later
// Lambdas as signal handlers and promise continuations.
#pragma once

#include <type_traits>

#include "bridge/ref.hpp"

namespace genos {

// Watches an object without keeping it alive. Handlers capture this, never
// `this`: a signal may still be running in another thread after disconnect().
template <class T> class Weak {
 public:
  explicit Weak(T* object) : ref_(new GWeakRef, clear) { g_weak_ref_init(ref_.get(), object); }
  [[nodiscard]] Ref<T> lock() const { return adopt(static_cast<T*>(g_weak_ref_get(ref_.get()))); }

 private:
  static void clear(GWeakRef* ref) {
    g_weak_ref_clear(ref);
    delete ref;
  }
  std::shared_ptr<GWeakRef> ref_;
};

// Disconnects the handler when it goes out of scope.
class Connection {
 public:
  Connection() = default;
  Connection(Ref<GObject> source, gulong id) : source_(std::move(source)), id_(id) {}
  Connection(Connection&& other) noexcept
      : source_(std::move(other.source_)), id_(std::exchange(other.id_, 0)) {}
  Connection& operator=(Connection&& other) noexcept {
    disconnect();
    source_ = std::move(other.source_);
    id_ = std::exchange(other.id_, 0);
    return *this;
  }
  ~Connection() { disconnect(); }

  void disconnect() {
    if (id_ != 0 && g_signal_handler_is_connected(source_.get(), id_))
      g_signal_handler_disconnect(source_.get(), id_);
    id_ = 0;
    source_ = nullptr;
  }

 private:
  Ref<GObject> source_;
  gulong id_ = 0;
};

namespace detail {
template <class Signature, class F> struct Closure;

template <class R, class... Args, class F> struct Closure<R(Args...), F> {
  static_assert((std::is_trivially_copyable_v<Args> && ...), "signal arguments are C values");
  static constexpr guint arity = sizeof...(Args);
  // noexcept: nothing may unwind through the C frames that called us.
  static R invoke(Args... args, gpointer data) noexcept {
    return (*static_cast<F*>(data))(args...);
  }
  static void destroy(gpointer data, GClosure*) { delete static_cast<F*>(data); }
};

inline guint signal_arity(gpointer object, const char* detailed_signal) {
  guint id = 0;
  GQuark detail = 0;
  if (!g_signal_parse_name(detailed_signal, G_OBJECT_TYPE(object), &id, &detail, FALSE)) return 0;
  GSignalQuery query;
  g_signal_query(id, &query);
  return query.n_params + 1;  // the emitting object comes first
}
}  // namespace detail

// auto c = on<void(GstElement*, GstPad*)>(bin, "pad-added", [weak](auto*, GstPad* pad) { ... });
template <class Signature, class F>
[[nodiscard]] Connection on(gpointer object, const char* signal, F handler) {
  using C = detail::Closure<Signature, F>;
  g_assert(detail::signal_arity(object, signal) == C::arity);
  const gulong id = g_signal_connect_data(object, signal, G_CALLBACK(C::invoke),
                                          new F(std::move(handler)), C::destroy, GConnectFlags(0));
  return Connection(retain(G_OBJECT(object)), id);
}

// A promise that calls `then(const GstStructure*)` once: with the reply, or
// with nullptr when it was interrupted or expired. The emitter takes its own
// reference, so the caller's Ref may go out of scope at once.
template <class F> [[nodiscard]] Ref<GstPromise> promise(F then) {
  return adopt(gst_promise_new_with_change_func(
      [](GstPromise* self, gpointer data) noexcept {
        const bool replied = gst_promise_wait(self) == GST_PROMISE_RESULT_REPLIED;
        (*static_cast<F*>(data))(replied ? gst_promise_get_reply(self) : nullptr);
      },
      new F(std::move(then)), [](gpointer data) { delete static_cast<F*>(data); }));
}

}  // namespace genos
