// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "updater/fetch.hpp"
#include "updater/fetch_attempt.hpp"
#include "updater/fetch_mirrors.hpp"

#include <memory>
#include <random>

namespace updater {

/// What all transfers of one fetcher share.
struct RetrievalSetting {
  const TransportOptions &options;
  base::Clock &clock;
  FetchObserver &observer;
  Penalties &penalties;
  std::minstd_rand &random;
};

/// One object on its way: decides from attempt to attempt where to ask next, from which byte on,
/// and when to stop trying. libcurl only ever sees its attempts.
class Retrieval {
public:
  Retrieval(const base::Fetch &wanted, RetrievalSetting setting);

  [[nodiscard]] bool done() const { return fetched_.has_value(); }

  /// When the next attempt may start: the present or later. Only while none runs and it isn't done.
  [[nodiscard]] std::chrono::milliseconds ready_at() const;

  /// Starts an attempt and returns its handle for libcurl; null if there was no need of one.
  CURL *start();

  /// Takes in how the running attempt ended, and frees it. Throws if the object cannot be had.
  void finish(CURLcode code);

  /// Only when done.
  [[nodiscard]] base::Fetched &&take() { return *std::move(fetched_); }

private:
  void take_in(Judgement judgement);
  void take_failure(const Failure &failure);
  void take_redirect(const std::string &location);
  void go_on();
  [[nodiscard]] bool is_known_to_be_missing() const;
  [[nodiscard]] base::Response bare_response() const;
  [[nodiscard]] Asked next_question() const;
  [[nodiscard]] std::chrono::milliseconds time_left() const;

  const base::Fetch &wanted_;
  RetrievalSetting setting_;
  Mirrors mirrors_;
  std::size_t mirror_ = 0;
  Connection connection_ = Connection::any;
  std::optional<Url> redirected_; ///< where the present mirror sent us
  unsigned redirects_ = 0;
  std::unique_ptr<FetchAttempt> attempt_;
  std::optional<Url> asked_url_; ///< what the latest attempt asked for

  std::uint64_t position_; ///< how much of the object the receiver has
  std::string validator_;  ///< of what state of the object
  std::uint64_t furthest_; ///< the highest that position_ ever was
  bool has_begun_ = false;
  std::optional<std::chrono::milliseconds> started_;
  std::optional<base::Fetched> fetched_;
};

} // namespace updater
