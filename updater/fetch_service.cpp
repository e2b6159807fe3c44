// SPDX-License-Identifier: Apache-2.0
#include "updater/fetch_service.hpp"

#include "updater/fetch.hpp"
#include "updater/fetch_channel.hpp"

#include <cstdlib>
#include <list>

namespace updater {

namespace {

/// Hands on what comes of one object.
class RelayReceiver final : public base::Receiver {
public:
  RelayReceiver(FetchChannel &channel, std::size_t index) : channel_(channel), index_(index) {}

  void begin(const base::Response &response) override
  {
    channel_.send(MessageKind::begin, index_, pack(response));
  }

  void receive(base::Bytes data) override
  {
    channel_.send(
        MessageKind::data, index_, {reinterpret_cast<const char *>(data.data()), data.size()});
  }

private:
  FetchChannel &channel_;
  std::size_t index_;
};

/// Hands on setbacks, and stops fetches that nobody waits for any more. Progress can be seen from
/// the bytes.
class RelayObserver final : public FetchObserver {
public:
  explicit RelayObserver(FetchChannel &channel) : channel_(channel) {}

  void setback(const FetchSetback &setback, std::chrono::milliseconds pause) override
  {
    channel_.send(MessageKind::setback, 0, pack(Setback{setback.url, setback.why, pause}));
  }

  void pulse() override
  {
    if (channel_.has_ended())
      base::fail(base::Kind::network, "who wanted this has gone");
  }

private:
  FetchChannel &channel_;
};

[[noreturn]] void refuse()
{
  base::fail(base::Kind::network, "strake asks strake-fetch for what makes no sense");
}

/// A round of fetches, with room for what they come to.
struct Wanted {
  std::list<RelayReceiver> receivers;
  std::vector<base::Fetch> fetches;

  void add(FetchChannel &channel, std::string_view body)
  {
    fetches.push_back(unpack_wanted(body));
    fetches.back().receiver = &receivers.emplace_back(channel, receivers.size());
  }
};

/// Nothing if who asks has gone.
std::optional<Wanted> receive_wanted(FetchChannel &channel)
{
  auto message = channel.receive();
  if (!message)
    return std::nullopt;
  std::optional<Wanted> wanted(std::in_place);
  while (message && message->head.kind == MessageKind::wanted) {
    wanted->add(channel, message->body);
    message = channel.receive();
  }
  if (!message || message->head.kind != MessageKind::go)
    refuse();
  return wanted;
}

void answer(FetchChannel &channel, CurlFetcher &fetcher, const Wanted &wanted)
{
  std::vector<base::Fetched> all;
  try {
    all = fetcher.fetch(wanted.fetches);
  } catch (const base::Error &error) {
    channel.send(MessageKind::failed, 0, pack(error));
    return;
  }
  for (std::size_t index = 0; index < all.size(); ++index)
    channel.send(MessageKind::fetched, index, pack(all[index]));
}

void take_over(const std::map<std::string, std::string> &environment)
{
  for (const auto &[name, value] : environment)
    if (::setenv(name.c_str(), value.c_str(), 1) != 0)
      base::fail_errno("cannot set the variable {}", name);
}

} // namespace

void serve_fetches(base::Fd stream, base::Clock &clock)
{
  FetchChannel channel(std::move(stream), [] {});
  const auto first = channel.receive();
  if (!first)
    return;
  if (first->head.kind != MessageKind::servers)
    refuse();
  const Servers servers = unpack_servers(first->body);
  take_over(servers.environment);
  RelayObserver observer(channel);
  CurlFetcher fetcher(servers.options, clock, observer);
  try {
    while (const auto wanted = receive_wanted(channel))
      answer(channel, fetcher, *wanted);
  } catch (const base::Error &) {
    if (!channel.has_ended()) // else nobody is left to whom it would be an error
      throw;
  }
}

} // namespace updater
