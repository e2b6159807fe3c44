// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/fetcher.hpp"
#include "base/host.hpp"
#include "updater/fetch_options.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace updater {

struct FetchProgress {
  const std::string &url;
  std::uint64_t so_far; ///< falls back to 0 when a fetch has to start over
  std::optional<std::uint64_t> total;
};

struct FetchSetback {
  const std::string &url;
  const std::string &why;
};

/// Sees fetches happen; this one looks away. URLs come without credentials. What it throws ends
/// fetch(), which is how a signal stops it.
class FetchObserver {
public:
  FetchObserver() = default;
  FetchObserver(const FetchObserver &) = delete;
  FetchObserver &operator=(const FetchObserver &) = delete;
  virtual ~FetchObserver() = default;

  /// After each piece that was received.
  virtual void progress(const FetchProgress &) {}

  /// An attempt failed and another will be made: at another mirror, or after this pause.
  virtual void setback(const FetchSetback &, std::chrono::milliseconds) {}

  /// At least twice a second while bytes are awaited, and after each sleep.
  virtual void pulse() {}
};

/// How many of the bytes that are there a fetch goes on from: all, or none where nothing says of
/// which object they are, or they are more than it may have. So never more than its limit.
std::uint64_t resume_offset(const base::Fetch &wanted);

/// Fetches by libcurl: HTTP/2 where the server has it, HTTP/1 else, and local files. Connections
/// are kept for the next fetch(). Retries, resumes and changes mirrors as TransportOptions say;
/// each answer from each mirror is judged in the same way. Not for use by two threads at once.
class CurlFetcher final : public base::Fetcher {
public:
  /// `clock` and `observer` must outlive it.
  CurlFetcher(TransportOptions options, base::Clock &clock, FetchObserver &observer);
  ~CurlFetcher() override;

  std::vector<base::Fetched> fetch(const std::vector<base::Fetch> &wanted) override;

private:
  struct Pool;

  std::unique_ptr<Pool> pool_;
};

} // namespace updater
