// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/certificates.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// A request as it came.
struct Request {
  std::string method;
  std::string target;
  std::map<std::string, std::string> fields; ///< names in lower case
  std::size_t connection = 0;                ///< counted from 0

  /// A field's value, "" if it is missing.
  [[nodiscard]] std::string field(const std::string &name) const;
};

/// The server's end of a connection, while one request is answered. Nothing is added to what is
/// sent: a test says each byte. After an answer the connection waits for the next request, unless
/// it was ended.
class Connection {
public:
  Connection() = default;
  Connection(const Connection &) = delete;
  Connection &operator=(const Connection &) = delete;
  virtual ~Connection() = default;

  virtual void send(std::string_view bytes) = 0;
  /// Ends it in order.
  virtual void close() = 0;
  /// Ends it with RST.
  virtual void reset() = 0;
  /// Says nothing more until the client goes away or the server ends.
  virtual void stall() = 0;
};

using Answer = std::function<void(const Request &, Connection &)>;

/// An HTTP/1.1 server on 127.0.0.1 that tells each lie it is told to. Threads and connections end
/// with it.
class LoopbackServer {
public:
  /// The n-th request of all gets the n-th answer, and the last answer serves all that follow.
  explicit LoopbackServer(std::vector<Answer> answers, std::optional<Identity> tls = std::nullopt);
  LoopbackServer(const LoopbackServer &) = delete;
  LoopbackServer &operator=(const LoopbackServer &) = delete;
  ~LoopbackServer();

  /// "http://127.0.0.1:PORT", or with https.
  [[nodiscard]] const std::string &origin() const;
  [[nodiscard]] std::vector<Request> requests() const;

  /// An honest server of one object, which knows Range, If-Range and If-None-Match.
  static Answer object(const std::string &body, const std::string &etag);
  /// A complete answer: the status line, these fields, Content-Length and the body.
  static Answer reply(int status, const std::vector<std::string> &fields, const std::string &body);
  /// These bytes, then the end of the connection.
  static Answer raw(const std::string &bytes);
  /// These bytes, then RST.
  static Answer raw_then_reset(const std::string &bytes);
  /// These bytes, then silence.
  static Answer raw_then_stall(const std::string &bytes);

private:
  struct State;

  std::unique_ptr<State> state_;
};

} // namespace support
