// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace base {

/// What a server said about the object whose bytes are about to come.
struct Response {
  std::uint64_t offset = 0;          ///< where the first byte delivered lies: 0, or Fetch::have
  std::optional<std::uint64_t> size; ///< of the whole object, if it was said
  std::string validator;             ///< strong ETag or Last-Modified, for If-Range; may be empty
  std::string etag;                  ///< as it was said, even if weak: for Fetch::etag next time
  std::string url;                   ///< after mirrors and redirects, without credentials
};

/// Takes the bytes of one object.
class Receiver {
public:
  Receiver() = default;
  Receiver(const Receiver &) = delete;
  Receiver &operator=(const Receiver &) = delete;
  virtual ~Receiver() = default;

  /// Called before the first byte of each attempt. Bytes then come in order from
  /// `response.offset` on; if that is 0 although some were there, the earlier ones are void.
  virtual void begin(const Response &response) = 0;
  virtual void receive(Bytes data) = 0;
};

enum class Ask {
  body,
  head, ///< only what the server says of the object; the receiver, which may be null, gets nothing
};

/// Whose word it takes that there is no such object.
enum class Absence {
  by_all, ///< each place's: one that cannot be asked may have it
  by_one, ///< any place's: one that cannot be asked then is no failure, and is not asked again
};

/// One object to fetch.
struct Fetch {
  std::vector<std::string> urls; ///< the same object on several mirrors, best first
  Receiver *receiver = nullptr;
  std::uint64_t have = 0;       ///< bytes at the start that are there already
  std::string validator;        ///< what Response::validator was when those came; if it is empty,
                                ///< nothing says that the object is still the same: from 0 again
  std::uint64_t size_limit = 0; ///< more than this is refused while it comes; 0 is no limit
  Ask ask = Ask::body;
  Absence absence = Absence::by_all;
  std::string etag; ///< ask for a change since this one only (If-None-Match)
};

enum class FetchState { complete, not_modified, missing };

struct Fetched {
  FetchState state = FetchState::complete;
  Response response;
};

/// Gets objects over the network. What comes is not authenticated in any way: whoever receives it
/// checks it.
class Fetcher {
public:
  Fetcher() = default;
  Fetcher(const Fetcher &) = delete;
  Fetcher &operator=(const Fetcher &) = delete;
  virtual ~Fetcher() = default;

  /// Gets all of them, several at a time over one connection pool, and returns when all are done;
  /// the answers are in the order of the questions. A 404 or 410 on every mirror, or
  /// on as many as Fetch::absence says, is FetchState::missing. Anything else that stays wrong
  /// after the retries throws Kind::network, or Kind::untrusted for a redirect that gives up TLS
  /// and a certificate that no known authority vouches for, naming the URL without its credentials.
  /// What a receiver throws leaves as it is, with the URL added to its trail. On any failure the
  /// other fetches stop too; what their receivers have got stays good for a resume.
  virtual std::vector<Fetched> fetch(const std::vector<Fetch> &wanted) = 0;
};

} // namespace base
