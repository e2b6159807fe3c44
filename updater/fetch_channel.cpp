// SPDX-License-Identifier: Apache-2.0
#include "updater/fetch_channel.hpp"

#include "base/socket_address.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cstring>

namespace updater {

namespace {

constexpr int longest_poll = 500; // milliseconds

[[noreturn]] void fail_as_gone(int os_error)
{
  base::fail(base::Kind::network, "strake-fetch has ended: {}", std::strerror(os_error));
}

} // namespace

FetchChannel::FetchChannel(base::Fd stream, std::function<void()> pulse)
    : stream_(std::move(stream)), pulse_(std::move(pulse))
{
}

void FetchChannel::await(short events) const
{
  pollfd asked{.fd = stream_.number(), .events = events, .revents = 0};
  while (::poll(&asked, 1, longest_poll) <= 0)
    pulse_();
}

void FetchChannel::send(MessageKind kind, std::size_t index, std::string_view body)
{
  if (body.size() > message_size_max)
    base::fail(base::Kind::config,
               "what is to be said to strake-fetch has {} bytes, and may have {}",
               body.size(),
               message_size_max);
  const auto head =
      pack_head({kind, static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(body.size())});
  send_all({head.data(), head.size()});
  send_all(body);
}

void FetchChannel::send_all(std::string_view bytes)
{
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(stream_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    else if (errno == EAGAIN)
      await(POLLOUT);
    else if (errno != EINTR)
      fail_as_gone(errno);
  }
}

std::optional<FetchChannel::Message> FetchChannel::receive()
{
  std::array<char, message_head_size> bytes{};
  if (!receive_all(bytes.data(), bytes.size()))
    return std::nullopt;
  const MessageHead head = unpack_head(bytes);
  body_.resize(head.size);
  if (!receive_all(body_.data(), body_.size()))
    fail_as_gone(ECONNRESET);
  return Message{head, body_};
}

/// False if the other end has gone before the first of these bytes.
bool FetchChannel::receive_all(char *to, std::size_t size)
{
  std::size_t there = 0;
  while (there < size) {
    const ssize_t got = ::recv(stream_.number(), to + there, size - there, MSG_DONTWAIT);
    if (got > 0)
      there += static_cast<std::size_t>(got);
    else if (got == 0 && there == 0)
      return false;
    else if (got == 0)
      fail_as_gone(ECONNRESET);
    else if (errno == EAGAIN)
      await(POLLIN);
    else if (errno != EINTR)
      fail_as_gone(errno);
  }
  return true;
}

bool FetchChannel::has_ended() const
{
  pollfd asked{.fd = stream_.number(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&asked, 1, 0) > 0;
}

base::Fd connect_to_fetch_service(const std::string &path)
{
  const auto address = base::socket_address(path);
  if (!address)
    base::fail(base::Kind::config, "STRAKE_FETCH is not the path of a socket: {}", path);
  base::Fd stream(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!stream.valid())
    base::fail_errno("cannot make a socket");
  if (::connect(stream.number(), reinterpret_cast<const sockaddr *>(&*address), sizeof *address) !=
      0)
    base::fail(
        base::Kind::network,
        "strake-fetch cannot be reached at {} ({}); it takes strake-fetch.socket to be started",
        path,
        std::strerror(errno));
  return stream;
}

} // namespace updater
