// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace updater {

/// Every URL that begins with `prefix` is to be had below each of `mirrors` as well. All of them
/// end in "/", so that a prefix cannot match the middle of a host name.
struct MirrorRule {
  std::string prefix;
  std::vector<std::string> mirrors; ///< asked before the URL itself, in this order
};

struct Header {
  std::string name;
  std::string value;
};

/// What proves to a server who we are. It goes to the origins named here and nowhere else: not
/// along with a redirect, not to a mirror, not to a proxy.
struct Secrets {
  std::vector<std::string> origins; ///< "https://host" or "https://host:port"
  std::string bearer_token;
  std::vector<Header> headers;
  std::string client_certificate; ///< PEM, with the chain
  std::string client_key;         ///< PEM, not encrypted
};

/// How to reach servers.
struct TransportOptions {
  std::vector<MirrorRule> mirrors = {};
  /// Unset: http_proxy, https_proxy, all_proxy and no_proxy of the environment. Empty: none.
  std::optional<std::string> proxy = std::nullopt;
  /// PEM. If there is any, these authorities are trusted instead of the system's.
  std::string authorities = {};
  Secrets secrets = {};

  unsigned parallel_fetches = 16;
  unsigned connections_per_host = 6; ///< with HTTP/2 one is enough for all

  /// How often a mirror is asked again after a failure that may pass.
  unsigned retry_max = 5;
  std::chrono::milliseconds retry_delay{1000}; ///< doubled each time
  std::chrono::milliseconds retry_delay_max{60'000};
  std::chrono::seconds retry_after_max{300}; ///< what a server may ask for

  std::chrono::milliseconds connect_timeout{30'000};
  /// An attempt slower than this many bytes a second for this long is given up.
  std::uint64_t low_speed = 1024;
  std::chrono::seconds low_speed_time{60};
  /// For one object, with all its retries.
  std::chrono::seconds deadline{24 * 60 * 60};
};

/// Where the configuration comes from.
struct TransportFiles {
  const base::Dir &root;    ///< has the configuration, and what it names by absolute paths
  const base::Dir &machine; ///< has the directory of credentials
  std::optional<std::string> credentials_directory; ///< $CREDENTIALS_DIRECTORY
};

/// Reads strake/transport.conf and its drop-ins from etc, run, usr/local/lib and usr/lib. Files it
/// names are read at once, so that what they say cannot change during a run. Anything that is not
/// understood throws Kind::config with file and line: a misspelt key must not leave a machine
/// without the authority or proxy that it was to have. No message shows what a secret is.
TransportOptions read_transport_options(const TransportFiles &files);

/// Where an object can be had, best first, each place once: what the rules say for each URL, then
/// the URL itself.
std::vector<std::string> places(const std::vector<std::string> &urls,
                                const std::vector<MirrorRule> &rules);

} // namespace updater
