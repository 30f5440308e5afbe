// SPDX-License-Identifier: LGPL-2.1-or-later
// The key file of an identity: one line, `genos-identity-1 SEED` in base64url, mode 0600.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "crypto/identity.hpp"
#include "crypto/sodium.hpp"

namespace genos::crypto {
namespace {

constexpr std::string_view file_label = "genos-identity-1 ";
constexpr std::size_t file_size_limit = 256;

core::Error failure(std::string_view verb, const std::string& path, int error) {
  const auto code = error == ENOENT ? core::Errc::not_found : core::Errc::failed;
  return {code,
          "cannot " + std::string(verb) + " identity file '" + path + "': " + std::strerror(error)};
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

// Text that is overwritten when it goes. Reserved in one piece: growing would leave copies behind.
struct SecretText {
  SecretText() { text.reserve(file_size_limit); }
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  ~SecretText() { sodium_memzero(text.data(), text.capacity()); }
  std::string text;
};

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(descriptor) == 0;
}

// link() fails on an existing file where rename() would replace it.
bool put_in_place(const std::string& from, const std::string& to, Identity::Existing existing) {
  if (existing == Identity::Existing::overwrite) return ::rename(from.c_str(), to.c_str()) == 0;
  return ::link(from.c_str(), to.c_str()) == 0;
}

std::optional<core::Error> read_secret(const std::string& path, std::string& text) {
  // Not blocking: a named pipe must not hang us.
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return failure("open", path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failure("examine", path, errno);
  if (!S_ISREG(status.st_mode))
    return core::Error{core::Errc::malformed, "identity file '" + path + "' is not a regular file"};
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return core::Error{core::Errc::refused,
                       "identity file '" + path + "' can be read by others: chmod 600 " + path};
  text.resize(file_size_limit);
  const auto size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return failure("read", path, errno);
  text.resize(static_cast<std::size_t>(size));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return std::nullopt;
}

}  // namespace

core::Result<Identity> Identity::load(const std::string& path) {
  make_sodium_ready();
  SecretText secret;
  if (auto error = read_secret(path, secret.text)) return *error;
  const core::Error malformed{core::Errc::malformed,
                              "'" + path + "' is no identity file; make one: genos identity new"};
  const std::string_view text(secret.text);
  if (!text.starts_with(file_label)) return malformed;
  core::Bytes bytes;
  Key seed;
  const bool good = from_base64(text.substr(file_label.size()), Base64::url, bytes) &&
                    bytes.size() == seed.writable().size();
  if (good) std::copy(bytes.begin(), bytes.end(), seed.writable().begin());
  sodium_memzero(bytes.data(), bytes.size());
  if (!good) return malformed;
  return Identity(seed);
}

core::Result<std::monostate> Identity::save(const std::string& path, Existing existing) const {
  make_sodium_ready();
  SecretText secret;
  std::string encoded = to_base64(seed_.bytes(), Base64::url);
  secret.text.append(file_label).append(encoded).append("\n");
  sodium_memzero(encoded.data(), encoded.size());
  std::string temporary = path + ".XXXXXX";
  const File file(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!file) return failure("create", path, errno);
  const bool placed = write_all(file.get(), secret.text) && put_in_place(temporary, path, existing);
  const int error = errno;
  if (!placed || existing == Existing::keep) ::unlink(temporary.c_str());
  if (placed) return std::monostate{};
  if (error == EEXIST)
    return core::Error{core::Errc::refused,
                       "identity file '" + path + "' exists already and was not overwritten"};
  return failure("write", path, error);
}

}  // namespace genos::crypto
