// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/fetcher.hpp"
#include "base/host.hpp"
#include "updater/fetch_options.hpp"
#include "updater/fetch_reply.hpp"
#include "updater/fetch_url.hpp"

#include <curl/curl.h>

#include <array>
#include <exception>
#include <functional>

namespace updater {

/// What one attempt needs to know.
/// Whether a connection that is open already may be used. After a failure it may not: libcurl can
/// keep one on which nothing gets through any more.
enum class Connection { any, fresh };

struct AttemptPlan {
  Url url;
  Asked asked;
  Connection connection;
  base::Receiver *receiver; ///< null where only the head is asked for
  const TransportOptions &options;
  base::Clock &clock;
  std::chrono::milliseconds time_left; ///< until the object's deadline
  /// Called after each piece with how much of the object is there now, and of how much.
  std::function<void(std::uint64_t, std::optional<std::uint64_t>)> progress;
};

/// One request and its answer. Judges the head when it is whole and lets only what was asked for
/// through to the receiver. Not to be moved while libcurl has its handle.
class FetchAttempt {
public:
  explicit FetchAttempt(AttemptPlan plan);
  FetchAttempt(const FetchAttempt &) = delete;
  FetchAttempt &operator=(const FetchAttempt &) = delete;
  ~FetchAttempt() = default;

  [[nodiscard]] CURL *handle() const { return handle_.get(); }

  /// How the attempt ended, after libcurl said so; here Deliver means that all was delivered.
  /// Throws what the receiver threw.
  Judgement end(CURLcode code);

  /// How much of the object the receiver has now; unchanged from `asked.from` if nothing began.
  [[nodiscard]] std::uint64_t position() const { return position_; }

  /// The answer under which the receiver got what it has; nothing if it got none.
  [[nodiscard]] const std::optional<base::Response> &response() const { return response_; }

private:
  static std::size_t on_head(char *data, std::size_t one, std::size_t size, void *self);
  static std::size_t on_body(char *data, std::size_t one, std::size_t size, void *self);
  template <typename Body> std::size_t guarded(Body body) noexcept;

  void set_up();
  void set_up_secrets();
  void add_header(const std::string &line);
  std::size_t take_head(std::string_view data);
  std::size_t take_body(std::string_view data);
  void begin(base::Response response);
  [[nodiscard]] Failure failure_of(CURLcode code) const;

  AttemptPlan plan_;
  base::Unique<CURL, curl_easy_cleanup> handle_;
  base::Unique<curl_slist, curl_slist_free_all> headers_;
  std::array<char, CURL_ERROR_SIZE> curl_text_ = {};
  HeadReader reader_;
  std::optional<Judgement> judgement_;
  std::optional<base::Response> response_;
  std::exception_ptr thrown_;
  std::uint64_t position_;
  std::size_t discarded_ = 0;
};

/// What can be said of a file URL without libcurl, which would wait for a FIFO and take a
/// directory for an empty file. Nothing if it is a file.
std::optional<Judgement> judge_file(const Url &url);

/// Where a redirect leads, or why it is not followed: too many, to a file, or from https to http.
std::variant<Url, Failure> follow(const Url &from, const std::string &location, unsigned redirects);

} // namespace updater
