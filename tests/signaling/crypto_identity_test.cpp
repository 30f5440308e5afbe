// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/base/random.hpp"
#include "crypto/identity.hpp"

namespace genos::crypto {
namespace {

const std::string fingerprint =
    "sha-256 "
    "4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:"
    "F1";
const core::RoomToken room{std::string(64, 'a')};
const core::PeerId peer{"00abcdefghijklmnopqr"};
constexpr UnixSeconds now{1795216000};

Claim claim() { return {room, peer, fingerprint}; }

std::string description(const std::string& session = "", const std::string& media = "") {
  return "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" + session +
         "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=fingerprint:" + fingerprint +
         "\r\n" + media;
}

class IdentityFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "genos-identity-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/key"; }
  std::string folder_;
};

TEST(Identity, ProvesWhoMadeAClaim) {
  const auto identity = Identity::generate();
  const auto key = verify_proof(identity.prove(claim(), now), claim(), now);
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(*key, identity.public_text());
  EXPECT_EQ((*key).size(), 43u);
}

TEST(Identity, AProofFitsNoOtherClaim) {
  const auto proof = Identity::generate().prove(claim(), now);
  Claim other = claim();
  other.room.value[0] = 'b';
  EXPECT_FALSE(verify_proof(proof, other, now));
  other = claim();
  other.peer.value += 'x';
  EXPECT_FALSE(verify_proof(proof, other, now));
  other = claim();
  other.fingerprint.back() = '2';
  EXPECT_FALSE(verify_proof(proof, other, now));
  // The same bytes, cut elsewhere.
  other = claim();
  other.peer.value = other.room.value.back() + other.peer.value;
  other.room.value.pop_back();
  EXPECT_FALSE(verify_proof(proof, other, now));
}

TEST(Identity, CaseOfTheFingerprintDoesNotMatter) {
  Claim low = claim();
  for (char& c : low.fingerprint) c = static_cast<char>(std::tolower(c));
  EXPECT_TRUE(verify_proof(Identity::generate().prove(claim(), now), low, now));
}

TEST(Identity, AProofHasItsTime) {
  const auto proof = Identity::generate().prove(claim(), now);
  const UnixSeconds end = now + proof_lifetime + proof_clock_tolerance;
  EXPECT_TRUE(verify_proof(proof, claim(), now - proof_clock_tolerance));
  EXPECT_FALSE(verify_proof(proof, claim(), now - proof_clock_tolerance - UnixSeconds(1)));
  EXPECT_TRUE(verify_proof(proof, claim(), end));
  EXPECT_FALSE(verify_proof(proof, claim(), end + UnixSeconds(1)));
}

TEST(Identity, RubbishIsNoProof) {
  const auto proof = Identity::generate().prove(claim(), now);
  core::SeededRandom random(3);
  for (std::size_t i = 0; i < proof.size(); ++i) {
    std::string altered = proof;
    altered[i] = static_cast<char>(altered[i] ^ static_cast<char>(1 + random.below(127)));
    EXPECT_FALSE(verify_proof(altered, claim(), now)) << altered;
    EXPECT_FALSE(verify_proof(proof.substr(0, i), claim(), now));
  }
  EXPECT_FALSE(verify_proof(proof + " more", claim(), now));
  EXPECT_FALSE(verify_proof("2" + proof.substr(1), claim(), now));
}

TEST(Identity, ADescriptionCarriesItsProof) {
  const auto identity = Identity::generate();
  const auto sdp = sign_description(identity, description(), room, peer, now);
  ASSERT_TRUE(sdp) << sdp.error().detail;
  EXPECT_LT((*sdp).find("a=genos-identity:1 "), (*sdp).find("m="));
  const auto key = signer_of(*sdp, room, peer, now);
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(*key, identity.public_text());
  EXPECT_FALSE(signer_of(*sdp, room, {"someone else"}, now));
}

TEST(Identity, ADescriptionWithoutProofHasNoSigner) {
  const auto none = signer_of(description(), room, peer, now);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, core::Errc::not_found);
}

TEST(Identity, TwoFingerprintsOrTwoProofsAreRefused) {
  const auto identity = Identity::generate();
  const std::string line = "a=genos-identity:" + identity.prove(claim(), now) + "\r\n";
  EXPECT_TRUE(signer_of(description(line), room, peer, now));
  EXPECT_TRUE(signer_of(description(line, "m=audio 9\r\na=fingerprint:" + fingerprint + "\r\n"),
                        room, peer, now));
  std::string other = fingerprint;
  other.back() = '2';
  for (const auto& sdp :
       {description(line, "m=audio 9\r\na=fingerprint:" + other + "\r\n"),
        description("a=fingerprint:" + other + "\r\n" + line), description(line + line),
        description(line, "m=audio 9\r\na=fingerprint:md5 00\r\n")}) {
    const auto key = signer_of(sdp, room, peer, now);
    ASSERT_FALSE(key) << sdp;
    EXPECT_EQ(key.error().code, core::Errc::refused);
    EXPECT_FALSE(sign_description(identity, sdp, room, peer, now));
  }
}

TEST(Identity, AProofInAMediaSectionDoesNotCount) {
  const auto proof = Identity::generate().prove(claim(), now);
  const auto key =
      signer_of(description("", "a=genos-identity:" + proof + "\r\n"), room, peer, now);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, core::Errc::not_found);
}

// Seed and key: RFC 8032, section 7.1, test 1. The hash was computed with coreutils' sha256sum.
TEST(Identity, KeysAreThoseOfTheRfc) {
  core::Bytes seed;
  ASSERT_TRUE(
      core::from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed));
  Key key;
  std::copy(seed.begin(), seed.end(), key.writable().begin());
  const auto identity = Identity::from_seed(key);
  EXPECT_EQ(identity.public_text(), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
  EXPECT_EQ(fingerprint_of(identity.public_text()), "21fe 31df a154 a261 626b f854 046f d227");
  EXPECT_EQ(fingerprint_of("not a key"), "");
}

TEST_F(IdentityFile, IsPrivateAndComesBack) {
  const auto identity = Identity::generate();
  ASSERT_TRUE(identity.save(path(), Identity::Existing::keep));
  struct stat status {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  const auto loaded = Identity::load(path());
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ((*loaded).public_text(), identity.public_text());
  std::size_t entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) entries += entry.exists();
  EXPECT_EQ(entries, 1u);  // no temporary file is left
}

TEST_F(IdentityFile, IsNotOverwrittenUnlessAsked) {
  const auto first = Identity::generate();
  ASSERT_TRUE(first.save(path(), Identity::Existing::keep));
  const auto second = Identity::generate().save(path(), Identity::Existing::keep);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().detail.find("exists already"), std::string::npos);
  EXPECT_EQ((*Identity::load(path())).public_text(), first.public_text());
  const auto third = Identity::generate();
  ASSERT_TRUE(third.save(path(), Identity::Existing::overwrite));
  EXPECT_EQ((*Identity::load(path())).public_text(), third.public_text());
}

TEST_F(IdentityFile, ThatOthersCanReadIsRefused) {
  ASSERT_TRUE(Identity::generate().save(path(), Identity::Existing::keep));
  for (const mode_t mode : {0640u, 0604u, 0660u, 0601u}) {
    ASSERT_EQ(::chmod(path().c_str(), mode), 0);
    const auto loaded = Identity::load(path());
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().detail.find("chmod 600 " + path()), std::string::npos);
  }
}

TEST_F(IdentityFile, ThatIsMissingOrRubbishIsAnError) {
  const auto missing = Identity::load(path());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, core::Errc::not_found);
  EXPECT_FALSE(Identity::generate().save(folder_ + "/no/such/folder", Identity::Existing::keep));
  for (const std::string& text :
       {std::string(), std::string("rubbish"), std::string("genos-identity-1 "),
        "genos-identity-1 " + std::string(42, 'A'), std::string(5000, 'x')}) {
    std::ofstream(path()) << text;
    ASSERT_EQ(::chmod(path().c_str(), 0600), 0);
    const auto loaded = Identity::load(path());
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, core::Errc::malformed) << text;
  }
  EXPECT_FALSE(Identity::load(folder_));
}

}  // namespace
}  // namespace genos::crypto
