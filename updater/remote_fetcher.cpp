// SPDX-License-Identifier: Apache-2.0
#include "updater/remote_fetcher.hpp"

namespace updater {

namespace {

/// One object, as far as it has come.
class Arrival {
public:
  Arrival(const base::Fetch &wanted, FetchObserver &observer)
      : wanted_(wanted), observer_(observer), position_(resume_offset(wanted))
  {
  }

  void begin(base::Response response)
  {
    if (wanted_.ask == base::Ask::head)
      refuse_message("bytes of what only the head was asked for");
    if (response.offset != 0 && response.offset != position_)
      refuse_message("bytes of another place than the next");
    position_ = response.offset;
    response_ = std::move(response);
    base::during("fetching " + response_->url, [this] { wanted_.receiver->begin(*response_); });
  }

  void receive(std::string_view data)
  {
    if (!response_)
      refuse_message("bytes of nothing that has begun");
    if (wanted_.size_limit != 0 && data.size() > wanted_.size_limit - position_)
      refuse_message("more bytes than are allowed");
    base::during("fetching " + response_->url,
                 [&] { wanted_.receiver->receive(std::as_bytes(std::span(data))); });
    position_ += data.size();
    observer_.progress({response_->url, position_, response_->size});
  }

private:
  const base::Fetch &wanted_;
  FetchObserver &observer_;
  std::uint64_t position_;
  std::optional<base::Response> response_;
};

/// What one fetch() asked for, and what has been said to it.
class Answers {
public:
  Answers(const std::vector<base::Fetch> &wanted, FetchObserver &observer) : observer_(observer)
  {
    for (const base::Fetch &one : wanted)
      arrivals_.emplace_back(one, observer);
  }

  [[nodiscard]] bool are_complete() const { return fetched_.size() == arrivals_.size(); }

  std::vector<base::Fetched> take() { return std::move(fetched_); }

  void take_in(const FetchChannel::Message &message)
  {
    switch (message.head.kind) {
    case MessageKind::begin:
      return arrival(message.head.index).begin(unpack_response(message.body));
    case MessageKind::data:
      return arrival(message.head.index).receive(message.body);
    case MessageKind::setback: {
      const Setback setback = unpack_setback(message.body);
      return observer_.setback({setback.url, setback.why}, setback.pause);
    }
    case MessageKind::fetched:
      fetched_.push_back(unpack_fetched(message.body));
      return;
    case MessageKind::failed:
      throw unpack_error(message.body);
    case MessageKind::servers:
    case MessageKind::wanted:
    case MessageKind::go:
      break;
    }
    refuse_message("what only strake says");
  }

private:
  Arrival &arrival(std::size_t index)
  {
    if (index >= arrivals_.size())
      refuse_message("bytes of what nobody asked for");
    return arrivals_[index];
  }

  FetchObserver &observer_;
  std::vector<Arrival> arrivals_;
  std::vector<base::Fetched> fetched_;
};

} // namespace

RemoteFetcher::RemoteFetcher(std::string socket, const Servers &servers, FetchObserver &observer)
    : socket_(std::move(socket)), servers_(pack(servers)), observer_(observer)
{
}

FetchChannel RemoteFetcher::open_channel()
{
  FetchChannel channel(connect_to_fetch_service(socket_), [this] { observer_.pulse(); });
  channel.send(MessageKind::servers, 0, servers_);
  return channel;
}

std::vector<base::Fetched> RemoteFetcher::fetch(const std::vector<base::Fetch> &wanted)
{
  if (wanted.empty())
    return {};
  // Out of its place until all went well, so that after a failure nobody finds it.
  auto channel = std::exchange(channel_, std::nullopt);
  if (!channel)
    channel = open_channel();
  for (std::size_t index = 0; index < wanted.size(); ++index)
    channel->send(MessageKind::wanted, index, pack(wanted[index]));
  channel->send(MessageKind::go, 0, {});
  Answers answers(wanted, observer_);
  while (!answers.are_complete()) {
    const auto message = channel->receive();
    if (!message)
      base::fail(base::Kind::network, "strake-fetch has ended before all was fetched");
    answers.take_in(*message);
  }
  channel_ = std::move(channel);
  return answers.take();
}

} // namespace updater
