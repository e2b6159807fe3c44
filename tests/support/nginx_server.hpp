// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/certificates.hpp"
#include "support/temp_root.hpp"

#include <sys/types.h>

#include <optional>
#include <string>

namespace support {

/// How the server speaks TLS.
struct NginxTls {
  Identity identity;
  std::string client_authority = {}; ///< PEM; if there is any, clients must show a certificate
};

/// A real nginx on 127.0.0.1 that serves the folder "files" of a tree of its own. It ends with
/// the test, even if that is killed.
class NginxServer {
public:
  explicit NginxServer(const std::optional<NginxTls> &tls = std::nullopt);
  NginxServer(const NginxServer &) = delete;
  NginxServer &operator=(const NginxServer &) = delete;
  ~NginxServer();

  /// Makes or overwrites a file that is served as origin()/`name`.
  void put(const std::string &name, const std::string &bytes) const
  {
    root_.write("files/" + name, bytes);
  }

  [[nodiscard]] const std::string &origin() const { return origin_; }

  /// Ends the server and returns its log of requests: a line "CONNECTION PROTOCOL STATUS PATH" for
  /// each.
  std::string finish();

private:
  void start(int listener);

  TempRoot root_;
  std::string origin_;
  pid_t process_ = -1;
};

} // namespace support
