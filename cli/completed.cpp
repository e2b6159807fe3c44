// SPDX-License-Identifier: Apache-2.0
#include "cli/completed.hpp"

#include "base/error.hpp"
#include "base/socket_address.hpp"
#include "cli/json.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace cli {

namespace {

using base::Kind;
using std::chrono::milliseconds;

constexpr const char *listeners_directory = "/run/systemd/sysupdate/notify";
constexpr std::size_t longest_reply = std::size_t{1} << 20U;

std::string message_of(const std::string &component, const updater::UpdateResult &result)
{
  Value parameters = Value::object();
  if (!component.empty())
    parameters["component"] = component;
  if (!result.version.empty())
    parameters["version"] = result.version;
  parameters["resources"] = Value::array();
  for (const updater::Changed &changed : result.changed) {
    Value resource;
    resource["transfer"] = changed.transfer;
    resource["path"] = changed.path;
    parameters["resources"].push_back(std::move(resource));
  }
  Value call;
  call["method"] = "io.systemd.SysUpdate.Notify.OnCompletedUpdate";
  call["parameters"] = std::move(parameters);
  // Names on a disk need not be UTF-8, JSON has to be.
  return call.dump(-1, ' ', false, Value::error_handler_t::replace) + '\0';
}

base::Fd connect_to(const base::Dir &dir, const std::string &name)
{
  // By descriptor: socket addresses are short, and names in a directory need not be.
  const auto address =
      base::socket_address(fmt::format("/proc/self/fd/{}/{}", dir.fd().number(), name));
  if (!address)
    base::fail(Kind::io, "its name is too long for a socket");
  base::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid() ||
      ::connect(socket.number(), reinterpret_cast<const sockaddr *>(&*address), sizeof *address) <
          0)
    base::fail_errno("cannot connect");
  return socket;
}

/// One conversation with one listener, with one deadline for all of it.
class Conversation {
public:
  Conversation(const base::Host &host, const base::Fd &socket, milliseconds patience)
      : host_(host), socket_(socket), end_(host.clock.monotonic() + patience)
  {
  }

  void send(std::string_view text)
  {
    while (!text.empty()) {
      wait_for(POLLOUT);
      const ssize_t count = ::send(socket_.number(), text.data(), text.size(), MSG_NOSIGNAL);
      if (count < 0 && errno != EINTR && errno != EAGAIN)
        base::fail_errno("cannot send");
      text.remove_prefix(count < 0 ? 0 : static_cast<std::size_t>(count));
    }
  }

  /// Up to the NUL that ends it.
  std::string receive()
  {
    std::string reply;
    std::array<char, 4096> part{};
    for (;;) {
      wait_for(POLLIN);
      const ssize_t count = ::recv(socket_.number(), part.data(), part.size(), 0);
      if (count < 0 && errno != EINTR && errno != EAGAIN)
        base::fail_errno("cannot receive");
      if (count == 0)
        base::fail(Kind::io, "it hung up without an answer");
      reply.append(part.data(), count < 0 ? 0 : static_cast<std::size_t>(count));
      if (const std::size_t end = reply.find('\0'); end != std::string::npos)
        return reply.substr(0, end);
      if (reply.size() > longest_reply)
        base::fail(Kind::io, "its answer is longer than {} bytes", longest_reply);
    }
  }

private:
  void wait_for(short event)
  {
    pollfd waiting{socket_.number(), event, 0};
    const milliseconds left = end_ - host_.clock.monotonic();
    const int ready = left.count() <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready == 0)
      base::fail(Kind::io, "it did not answer in time");
    if (ready < 0 && errno != EINTR)
      base::fail_errno("cannot wait for it");
  }

  const base::Host &host_;
  const base::Fd &socket_;
  milliseconds end_;
};

void tell(const base::Host &host,
          const base::Fd &socket,
          const std::string &message,
          milliseconds patience)
{
  Conversation conversation(host, socket, patience);
  conversation.send(message);
  const Value reply = Value::parse(conversation.receive(), nullptr, false);
  if (!reply.is_object())
    base::fail(Kind::io, "its answer is no JSON object");
  if (reply.contains("error"))
    base::fail(Kind::io, "it answered with the error {}", reply["error"].dump());
}

} // namespace

void tell_listeners(const base::Host &host,
                    const std::string &component,
                    const updater::UpdateResult &result,
                    milliseconds patience)
{
  const auto dir = host.machine.find_dir(listeners_directory);
  if (!dir)
    return;
  const std::string message = message_of(component, result);
  for (const base::DirEntry &entry : dir->entries()) {
    if (entry.type != S_IFSOCK)
      continue;
    try {
      tell(host, connect_to(*dir, entry.name), message, patience);
    } catch (const base::Error &error) { // the update is done; who follows it is not its business
      host.say(base::Level::warning,
               "Told {} about the completed update, but {}; going on.",
               dir->display(entry.name),
               error.what());
    }
  }
}

} // namespace cli
