// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"
#include "updater/fetch_message.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace updater {

/// Messages to and from the process at the other end of a stream socket. On whatever throws, where
/// in a message the stream is cannot be told any more: it is of no use then.
class FetchChannel {
public:
  struct Message {
    MessageHead head;
    std::string_view body; ///< until the next is received
  };

  /// `pulse` is called at least twice a second while the other end is waited for; what it throws
  /// ends the waiting.
  FetchChannel(base::Fd stream, std::function<void()> pulse);

  /// Throws Kind::network if the other end has gone.
  void send(MessageKind kind, std::size_t index, std::string_view body);

  /// Nothing if the other end has gone, which it may do between two messages. Throws Kind::network
  /// if it did so within one, and for a head that makes no sense.
  std::optional<Message> receive();

  /// The other end will neither say nor hear anything any more.
  [[nodiscard]] bool has_ended() const;

private:
  void await(short events) const;
  void send_all(std::string_view bytes);
  bool receive_all(char *to, std::size_t size);

  base::Fd stream_;
  std::function<void()> pulse_;
  std::string body_;
};

/// A connection to the socket at this path. Throws Kind::network, naming the unit that has to be
/// started, if nobody listens there.
base::Fd connect_to_fetch_service(const std::string &path);

} // namespace updater
