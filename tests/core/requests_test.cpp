// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/requests.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/channel/outbox.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time start{};

Message json(std::string channel, std::string_view payload,
             std::optional<std::string> meta = std::nullopt) {
  const auto bytes = bytes_of(payload);
  return {std::move(channel), PayloadKind::json,
          std::make_shared<const Bytes>(bytes.begin(), bytes.end()), std::move(meta)};
}

template <class T> T expect(Requests& requests) {
  const auto output = requests.poll();
  EXPECT_TRUE(output && std::holds_alternative<T>(*output));
  return output && std::holds_alternative<T>(*output) ? std::get<T>(*output) : T{};
}

class RequestsTest : public testing::Test {
 protected:
  SeededRandom random{1};
  Requests alice{random};
  Requests bob{random};
};

TEST_F(RequestsTest, ARequestIsAnswered) {
  const auto sent = alice.ask({7}, json("is-even", "42", R"({"why":"test"})"), seconds(5), start);
  const auto meta = parse_json(*sent.meta);
  ASSERT_TRUE(meta);
  EXPECT_EQ(meta->string_at("r")->size(), 20u);
  EXPECT_FALSE(Outbox::check(sent));

  bob.handle(sent, start);
  const auto asked = expect<Requests::Asked>(bob);
  EXPECT_EQ(asked.message.channel, "is-even");
  EXPECT_EQ(asked.message.meta, R"({"why":"test"})");
  EXPECT_TRUE(bob.respond(asked.request, json("ignored", "true")));
  EXPECT_FALSE(bob.respond(asked.request, json("ignored", "true")));
  const auto reply = expect<Requests::Reply>(bob);
  EXPECT_EQ(reply.message.channel, "@_response");
  EXPECT_EQ(*reply.message.meta, R"({"r":")" + asked.request + "\"}");
  EXPECT_FALSE(Outbox::check(reply.message));

  alice.handle(reply.message, start);
  const auto answered = expect<Requests::Answered>(alice);
  EXPECT_EQ(answered.id, TransferId{7});
  ASSERT_TRUE(answered.message);
  EXPECT_EQ(text_of(*answered.message->payload), "true");
  EXPECT_FALSE(answered.message->meta);
  EXPECT_EQ(alice.deadline(), never);
  EXPECT_EQ(bob.deadline(), never);
  alice.handle(reply.message, start);  // said twice
  EXPECT_FALSE(alice.poll());
}

TEST_F(RequestsTest, UnderstandsAPage) {
  // Metadata captured from trystero 0.25.4.
  bob.handle(json("is-even", "42", R"({"r":"KmwA5b9CHlq6bOsJSmNN","m":{"why":"test"}})"), start);
  EXPECT_EQ(expect<Requests::Asked>(bob).request, "KmwA5b9CHlq6bOsJSmNN");
  bob.handle(json("is-even", "42", R"({"r":"rEHw5MTBnY0XC9ZKyvNb"})"), start);
  EXPECT_FALSE(expect<Requests::Asked>(bob).message.meta);
}

TEST_F(RequestsTest, ARefusalReachesTheAsker) {
  bob.handle(alice.ask({1}, json("a", "1"), seconds(5), start), start);
  EXPECT_TRUE(bob.refuse(expect<Requests::Asked>(bob).request, "not \"today\""));
  const auto reply = expect<Requests::Reply>(bob);
  EXPECT_EQ(text_of(*reply.message.payload), "null");
  EXPECT_FALSE(Outbox::check(reply.message));
  alice.handle(reply.message, start);
  const auto answered = expect<Requests::Answered>(alice);
  EXPECT_FALSE(answered.message);
  EXPECT_EQ(answered.error, "not \"today\"");
  EXPECT_FALSE(answered.timed_out);
}

TEST_F(RequestsTest, WithoutAHandlerTheReplyIsAnError) {
  bob.handle(alice.ask({1}, json("a", "1"), seconds(5), start), start);
  const auto asked = expect<Requests::Asked>(bob);
  EXPECT_EQ(bob.deadline(), start + milliseconds(500));
  bob.advance(start + milliseconds(499));
  EXPECT_FALSE(bob.poll());
  bob.advance(start + milliseconds(500));
  alice.handle(expect<Requests::Reply>(bob).message, start);
  EXPECT_EQ(expect<Requests::Answered>(alice).error, "request handler unavailable");
  EXPECT_FALSE(bob.respond(asked.request, json("", "1")));
}

TEST_F(RequestsTest, AnAcceptedRequestMayTakeItsTime) {
  bob.handle(alice.ask({1}, json("a", "1"), seconds(5), start), start);
  const auto asked = expect<Requests::Asked>(bob);
  bob.accept(asked.request);
  EXPECT_EQ(bob.deadline(), never);
  bob.advance(start + seconds(60));
  EXPECT_FALSE(bob.poll());
  EXPECT_TRUE(bob.respond(asked.request, json("", "1")));
}

TEST_F(RequestsTest, TimesOut) {
  const auto sent = alice.ask({1}, json("a", "1"), seconds(5), start);
  const auto forever = alice.ask({2}, json("a", "1"), Duration::max(), start + seconds(1));
  EXPECT_EQ(alice.deadline(), start + seconds(5));
  alice.advance(start + seconds(5) - milliseconds(1));
  EXPECT_FALSE(alice.poll());
  alice.advance(start + seconds(5));
  const auto answered = expect<Requests::Answered>(alice);
  EXPECT_EQ(answered.id, TransferId{1});
  EXPECT_TRUE(answered.timed_out);
  EXPECT_EQ(alice.deadline(), never);
  bob.handle(sent, start);
  bob.respond(expect<Requests::Asked>(bob).request, json("", "1"));
  alice.handle(expect<Requests::Reply>(bob).message, start);  // too late
  EXPECT_FALSE(alice.poll());
}

TEST_F(RequestsTest, CancelledAndFailed) {
  const auto first = alice.ask({1}, json("a", "1"), seconds(5), start);
  const auto second = alice.ask({2}, json("a", "1"), seconds(5), start);
  EXPECT_NE(first.meta, second.meta);
  EXPECT_TRUE(alice.cancel({1}));
  EXPECT_FALSE(alice.cancel({1}));
  alice.fail_all("gone");
  const auto answered = expect<Requests::Answered>(alice);
  EXPECT_EQ(answered.id, TransferId{2});
  EXPECT_EQ(answered.error, "gone");
  EXPECT_FALSE(alice.poll());
  EXPECT_EQ(alice.deadline(), never);
}

TEST_F(RequestsTest, OrdinaryMessagesPass) {
  for (const std::string meta :
       {"1", "[]", "{}", R"({"r":7})", R"({"r":""})", R"({"r":"x","other":1})", R"({"m":1})"}) {
    bob.handle(json("a", "1", meta), start);
    EXPECT_EQ(expect<Requests::Plain>(bob).message.meta, meta);
  }
  bob.handle(json("a", "1"), start);
  expect<Requests::Plain>(bob);
  bob.handle(json("a", "1", R"({"r":")" + std::string(65, 'x') + "\"}"), start);
  expect<Requests::Plain>(bob);
  EXPECT_EQ(bob.deadline(), never);
}

TEST_F(RequestsTest, ResponsesToNobodyAreDropped) {
  alice.handle(json("@_response", "1", R"({"r":"x"})"), start);
  alice.handle(json("@_response", "1", "7"), start);
  alice.handle(json("@_response", "1"), start);
  EXPECT_FALSE(alice.poll());
}

TEST_F(RequestsTest, KeepsItsLimits) {
  for (std::size_t i = 0; i < limits::max_open_requests; ++i) {
    bob.handle(json("a", "1", R"({"r":"id)" + std::to_string(i) + "\"}"), start);
    bob.accept(expect<Requests::Asked>(bob).request);
  }
  bob.handle(json("a", "1", R"({"r":"id0"})"), start);  // said twice
  EXPECT_FALSE(bob.poll());
  bob.handle(json("a", "1", R"({"r":"more"})"), start);
  EXPECT_EQ(*expect<Requests::Reply>(bob).message.meta, R"({"r":"more","e":"too many requests"})");
  EXPECT_TRUE(bob.refuse("id0", std::string(limits::max_error_text - 1, 'e') + "\u00fc"));
  const auto reply = expect<Requests::Reply>(bob);
  EXPECT_EQ(parse_json(*reply.message.meta)->string_at("e")->size(), limits::max_error_text - 1);
  EXPECT_FALSE(Outbox::check(reply.message));
}

}  // namespace
}  // namespace genos::core
