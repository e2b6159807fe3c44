// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.hpp"
#include "base/fetcher.hpp"
#include "updater/fetch_options.hpp"

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <string_view>

/// What a RemoteFetcher and serve_fetches() say to each other over a stream. Pure: nothing here
/// touches a descriptor. Both are of one version of strake, so the format has none.
namespace updater {

enum class MessageKind : std::uint8_t {
  servers = 1, ///< the first message: Servers
  wanted,      ///< one Fetch; those of one fetch() come in order
  go,          ///< these were all of them
  begin,       ///< Receiver::begin
  data,        ///< Receiver::receive
  setback,     ///< FetchObserver::setback
  fetched,     ///< one answer; in the order of the questions, when all are done
  failed,      ///< fetch() threw; nothing more comes of it
};

/// In front of each message's body. On the stream: the kind in 1 byte, then both numbers in 4,
/// little endian.
struct MessageHead {
  MessageKind kind = MessageKind::go;
  std::uint32_t index = 0; ///< of the object, in what fetch() was given
  std::uint32_t size = 0;  ///< of the body
};

constexpr std::size_t message_head_size = 9;
/// No body is larger: neither a piece of an object, nor all authorities of a distribution.
constexpr std::uint32_t message_size_max = std::uint32_t{4} << 20U;

/// Throws Kind::network, with what is wrong with a message.
[[noreturn]] void refuse_message(std::string_view what);

std::array<char, message_head_size> pack_head(const MessageHead &head);
/// Throws Kind::network for a kind that does not exist, and for a body over message_size_max.
MessageHead unpack_head(const std::array<char, message_head_size> &bytes);

/// How servers are to be reached, as whoever asks for it would reach them itself.
struct Servers {
  TransportOptions options; ///< mirrors are not sent: what is wanted names all its places
  std::map<std::string, std::string> environment; ///< those variables that libcurl looks at
};

struct Setback {
  std::string url;
  std::string why;
  std::chrono::milliseconds pause{};
};

std::string pack(const Servers &servers);
std::string pack(const base::Fetch &wanted); ///< all but the receiver
std::string pack(const base::Response &response);
std::string pack(const Setback &setback);
std::string pack(const base::Fetched &fetched);
std::string pack(const base::Error &error);

/// These throw Kind::network for a body that is not as pack() makes it, or in whose texts there are
/// control characters, which could begin a line in a request, a record or on a terminal.
base::Fetch unpack_wanted(std::string_view body);
base::Response unpack_response(std::string_view body);
Setback unpack_setback(std::string_view body);
base::Fetched unpack_fetched(std::string_view body);
base::Error unpack_error(std::string_view body);
/// Likewise, but authorities and keys have lines.
Servers unpack_servers(std::string_view body);

/// The variables of an environment by which libcurl finds a proxy.
std::map<std::string, std::string>
proxy_variables(const std::map<std::string, std::string> &environment);

} // namespace updater
