// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.hpp"
#include "base/fetcher.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// What a server's answer means. Pure: nothing here touches the network or a clock.
namespace updater {

/// Status and fields of one answer.
struct Head {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields; ///< names in lower case

  /// The value of a field that may be there once. Repeating it with the same value is harmless;
  /// `conflicting` says that two differ.
  [[nodiscard]] std::optional<std::string> one(std::string_view name) const;
  [[nodiscard]] bool conflicting(std::string_view name) const;
};

/// Collects an answer's head from what libcurl hands over, within 64 KiB and 100 fields, counting
/// interim answers and trailers too.
class HeadReader {
public:
  enum class State { reading, whole, refused };

  /// A file has no status line: its head begins at once, as with status 200.
  static HeadReader for_file();

  /// Takes one or more lines. Once `whole`, further lines are trailers, which mean nothing here.
  State add(std::string_view data);

  [[nodiscard]] const Head &head() const { return head_; }

  [[nodiscard]] const std::string &why() const { return why_; }

private:
  void add_line(std::string_view line);
  void add_field(std::string_view line);
  void refuse(std::string why);

  Head head_;
  State state_ = State::reading;
  bool has_status_ = false;
  std::size_t bytes_ = 0;
  std::size_t lines_ = 0;
  std::string why_;
};

enum class Remedy {
  retry,          ///< the same again after a pause, or another mirror at once
  start_over,     ///< from the first byte, at the same mirror
  another_mirror, ///< this mirror will not do it better if asked again
};

/// Why an attempt came to nothing, and what may help.
struct Failure {
  Remedy remedy = Remedy::retry;
  std::string why;
  base::Kind kind = base::Kind::network;
  std::optional<std::chrono::seconds> retry_after = std::nullopt; ///< as the server asked
};

/// What was asked of the server.
struct Asked {
  base::Ask ask = base::Ask::body;
  std::uint64_t from = 0;       ///< the range from here to the end; 0 is no range
  std::string validator;        ///< sent as If-Range with it
  std::string etag;             ///< sent as If-None-Match unless empty
  std::uint64_t size_limit = 0; ///< 0 is none
};

/// The body is wanted and goes to the receiver.
struct Deliver {
  base::Response response; ///< all but the url
};

/// Nothing is left to fetch: the range that was asked for begins at the object's end.
struct AlreadyWhole {
  base::Response response;
};

struct NotModified {};

struct Missing {};

struct Redirect {
  std::string location;
};

using Judgement = std::variant<Deliver, AlreadyWhole, NotModified, Missing, Redirect, Failure>;

/// `now` is for a Retry-After that is a date.
Judgement judge(const Head &head, const Asked &asked, std::chrono::sys_seconds now);

} // namespace updater
