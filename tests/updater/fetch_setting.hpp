// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.hpp"
#include "support/fake_clock.hpp"
#include "updater/fetch.hpp"

#include <optional>
#include <string>
#include <vector>

namespace updater {

/// Keeps what came, as a file would.
class Collector final : public base::Receiver {
public:
  std::string bytes;
  std::vector<base::Response> begins;

  void begin(const base::Response &response) override
  {
    begins.push_back(response);
    bytes.resize(response.offset);
  }

  void receive(base::Bytes data) override
  {
    bytes.append(reinterpret_cast<const char *>(data.data()), data.size());
  }
};

/// Keeps what an observer is told.
class Watcher final : public FetchObserver {
public:
  std::vector<std::string> setbacks;
  std::vector<std::chrono::milliseconds> waits;
  std::vector<std::uint64_t> so_far;
  std::optional<std::uint64_t> total;

  void progress(const FetchProgress &now) override
  {
    so_far.push_back(now.so_far);
    total = now.total;
  }

  void setback(const FetchSetback &setback, std::chrono::milliseconds wait) override
  {
    setbacks.push_back(setback.url + ": " + setback.why);
    waits.push_back(wait);
  }

  /// All of them in one text, to look for a reason in.
  [[nodiscard]] std::string all() const
  {
    std::string text;
    for (const std::string &setback : setbacks)
      text += setback + "\n";
    return text;
  }
};

/// How one fetch ended.
struct Outcome {
  std::optional<base::Fetched> fetched;
  std::optional<base::Error> error;

  [[nodiscard]] bool is(base::FetchState state) const { return fetched && fetched->state == state; }

  /// True if it failed with this kind, for a reason that has `why` in it.
  [[nodiscard]] bool failed(base::Kind kind, const std::string &why) const
  {
    return error && error->kind() == kind &&
           std::string(error->what()).find(why) != std::string::npos;
  }

  [[nodiscard]] std::string text() const { return error ? error->what() : ""; }
};

/// One fetcher with all that it needs; no proxy, and time that nobody has to wait for.
struct FetchSetting {
  TransportOptions options;
  support::FakeClock clock;
  Watcher watcher;
  Collector collector;

  FetchSetting()
  {
    options.proxy = "";
    options.retry_max = 2;
  }

  Outcome get(base::Fetch wanted)
  {
    wanted.receiver = &collector;
    collector.bytes.resize(wanted.have, '?');
    CurlFetcher fetcher(options, clock, watcher);
    try {
      return {fetcher.fetch({wanted}).front(), std::nullopt};
    } catch (const base::Error &error) {
      return {std::nullopt, error};
    }
  }

  Outcome get(const std::string &url)
  {
    base::Fetch wanted;
    wanted.urls = {url};
    return get(std::move(wanted));
  }
};

} // namespace updater
