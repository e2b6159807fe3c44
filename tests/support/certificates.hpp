// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace support {

/// A certificate and its key, both PEM.
struct Identity {
  std::string certificate;
  std::string key;
};

/// A certificate authority that lives as long as a test.
class Authority {
public:
  explicit Authority(const std::string &name);
  Authority(const Authority &) = delete;
  Authority &operator=(const Authority &) = delete;
  ~Authority();

  [[nodiscard]] const std::string &certificate() const { return certificate_; }

  /// For a server at 127.0.0.1, [::1] and localhost, or a client. Good for a day that begins
  /// `from` from now.
  [[nodiscard]] Identity issue(const std::string &name,
                               std::chrono::hours from = std::chrono::hours(-1)) const;
  /// For a server that goes by another host name.
  [[nodiscard]] Identity issue_for_host(const std::string &host) const;

private:
  struct Material;

  std::unique_ptr<Material> material_;
  std::string certificate_;
};

} // namespace support
