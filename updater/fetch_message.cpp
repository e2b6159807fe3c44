// SPDX-License-Identifier: Apache-2.0
#include "updater/fetch_message.hpp"

#include "base/little_endian.hpp"
#include "base/printable.hpp"

#include <algorithm>
#include <limits>

namespace updater {

namespace {

/// Numbers in 8 bytes; texts with their length before them.
class Packer {
public:
  Packer &number(std::uint64_t value)
  {
    base::little_endian::append(body_, value);
    return *this;
  }

  Packer &text(std::string_view value)
  {
    number(value.size());
    body_ += value;
    return *this;
  }

  template <typename Duration> Packer &duration(Duration value)
  {
    return number(static_cast<std::uint64_t>(std::chrono::milliseconds(value).count()));
  }

  Packer &texts(const std::vector<std::string> &values)
  {
    number(values.size());
    for (const std::string &value : values)
      text(value);
    return *this;
  }

  std::string body() { return std::move(body_); }

private:
  std::string body_;
};

enum class Lines { none, some };

class Unpacker {
public:
  explicit Unpacker(std::string_view body) : left_(body) {}

  std::uint64_t number()
  {
    return base::little_endian::load<std::uint64_t>(
        std::as_bytes(std::span(bytes(sizeof(std::uint64_t)))), 0);
  }

  std::string text(Lines lines = Lines::none)
  {
    const std::string_view value = bytes(number());
    const auto is_refused = [lines](char character) {
      const auto code = static_cast<unsigned char>(character);
      const bool is_space =
          code == '\t' || (lines == Lines::some && (code == '\n' || code == '\r'));
      return (code < 0x20 && !is_space) || code == 0x7f;
    };
    if (std::ranges::any_of(value, is_refused))
      refuse_message("a control character in a text");
    return std::string(value);
  }

  /// For people to read: whatever it is, it can be shown.
  std::string shown() { return base::printable(bytes(number())); }

  std::vector<std::string> texts()
  {
    std::vector<std::string> values;
    for (std::uint64_t left = number(); left != 0; --left)
      values.push_back(text());
    return values;
  }

  template <typename Duration> Duration duration()
  {
    constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max();
    const std::chrono::milliseconds value(static_cast<std::int64_t>(std::min(number(), longest)));
    return std::chrono::duration_cast<Duration>(value);
  }

  template <typename Choice> Choice choice(Choice last)
  {
    const std::uint64_t value = number();
    if (value > static_cast<std::uint64_t>(last))
      refuse_message("a choice that does not exist");
    return static_cast<Choice>(value);
  }

  void end() const
  {
    if (!left_.empty())
      refuse_message("a message that goes on after its end");
  }

private:
  std::string_view bytes(std::uint64_t size)
  {
    if (size > left_.size())
      refuse_message("a message that ends early");
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }

  std::string_view left_;
};

void put_response(Packer &packer, const base::Response &response)
{
  packer.number(response.offset).number(response.size ? 1 : 0).number(response.size.value_or(0));
  packer.text(response.validator).text(response.etag).text(response.url);
}

base::Response take_response(Unpacker &unpacker)
{
  base::Response response;
  response.offset = unpacker.number();
  const bool has_size = unpacker.number() != 0;
  const std::uint64_t size = unpacker.number();
  if (has_size)
    response.size = size;
  response.validator = unpacker.text();
  response.etag = unpacker.text();
  response.url = unpacker.text();
  return response;
}

/// Whose cause can be on the way to a server; whatever else is claimed is the way's fault.
base::Kind take_kind(const std::string &name)
{
  for (const base::Kind kind : {base::Kind::config,
                                base::Kind::untrusted,
                                base::Kind::no_space,
                                base::Kind::io,
                                base::Kind::internal})
    if (base::name(kind) == name)
      return kind;
  return base::Kind::network;
}

} // namespace

void refuse_message(std::string_view what)
{
  base::fail(base::Kind::network, "strake-fetch says what makes no sense: {}", what);
}

std::array<char, message_head_size> pack_head(const MessageHead &head)
{
  std::string text(1, static_cast<char>(head.kind));
  base::little_endian::append(text, head.index);
  base::little_endian::append(text, head.size);
  std::array<char, message_head_size> bytes{};
  std::ranges::copy(text, bytes.begin());
  return bytes;
}

MessageHead unpack_head(const std::array<char, message_head_size> &bytes)
{
  const base::Bytes raw = std::as_bytes(std::span(bytes));
  const auto kind = std::to_integer<std::uint8_t>(raw[0]);
  if (kind < static_cast<std::uint8_t>(MessageKind::servers) ||
      kind > static_cast<std::uint8_t>(MessageKind::failed))
    refuse_message("a message of a kind that does not exist");
  const MessageHead head{static_cast<MessageKind>(kind),
                         base::little_endian::load<std::uint32_t>(raw, 1),
                         base::little_endian::load<std::uint32_t>(raw, 5)};
  if (head.size > message_size_max)
    refuse_message("a message that is too large");
  return head;
}

std::string pack(const Servers &servers)
{
  const TransportOptions &options = servers.options;
  Packer packer;
  packer.number(options.proxy ? 1 : 0).text(options.proxy.value_or("")).text(options.authorities);
  const Secrets &secrets = options.secrets;
  packer.texts(secrets.origins).text(secrets.bearer_token);
  packer.number(secrets.headers.size());
  for (const Header &header : secrets.headers)
    packer.text(header.name).text(header.value);
  packer.text(secrets.client_certificate).text(secrets.client_key);
  packer.number(options.parallel_fetches).number(options.connections_per_host);
  packer.number(options.retry_max).duration(options.retry_delay).duration(options.retry_delay_max);
  packer.duration(options.retry_after_max).duration(options.connect_timeout);
  packer.number(options.low_speed).duration(options.low_speed_time).duration(options.deadline);
  packer.number(servers.environment.size());
  for (const auto &[name, value] : servers.environment)
    packer.text(name).text(value);
  return packer.body();
}

Servers unpack_servers(std::string_view body)
{
  Unpacker unpacker(body);
  Servers servers;
  TransportOptions &options = servers.options;
  const bool has_proxy = unpacker.number() != 0;
  const std::string proxy = unpacker.text();
  if (has_proxy)
    options.proxy = proxy;
  options.authorities = unpacker.text(Lines::some);
  Secrets &secrets = options.secrets;
  secrets.origins = unpacker.texts();
  secrets.bearer_token = unpacker.text();
  for (std::uint64_t left = unpacker.number(); left != 0; --left) {
    std::string name = unpacker.text();
    secrets.headers.push_back({std::move(name), unpacker.text()});
  }
  secrets.client_certificate = unpacker.text(Lines::some);
  secrets.client_key = unpacker.text(Lines::some);
  options.parallel_fetches = static_cast<unsigned>(unpacker.number());
  options.connections_per_host = static_cast<unsigned>(unpacker.number());
  options.retry_max = static_cast<unsigned>(unpacker.number());
  options.retry_delay = unpacker.duration<std::chrono::milliseconds>();
  options.retry_delay_max = unpacker.duration<std::chrono::milliseconds>();
  options.retry_after_max = unpacker.duration<std::chrono::seconds>();
  options.connect_timeout = unpacker.duration<std::chrono::milliseconds>();
  options.low_speed = unpacker.number();
  options.low_speed_time = unpacker.duration<std::chrono::seconds>();
  options.deadline = unpacker.duration<std::chrono::seconds>();
  for (std::uint64_t left = unpacker.number(); left != 0; --left) {
    const std::string name = unpacker.text();
    servers.environment[name] = unpacker.text();
  }
  unpacker.end();
  return servers;
}

std::string pack(const base::Fetch &wanted)
{
  Packer packer;
  packer.texts(wanted.urls).number(wanted.have).text(wanted.validator).number(wanted.size_limit);
  packer.number(static_cast<std::uint64_t>(wanted.ask));
  packer.number(static_cast<std::uint64_t>(wanted.absence));
  return packer.text(wanted.etag).body();
}

base::Fetch unpack_wanted(std::string_view body)
{
  Unpacker unpacker(body);
  base::Fetch wanted;
  wanted.urls = unpacker.texts();
  wanted.have = unpacker.number();
  wanted.validator = unpacker.text();
  wanted.size_limit = unpacker.number();
  wanted.ask = unpacker.choice(base::Ask::head);
  wanted.absence = unpacker.choice(base::Absence::by_one);
  wanted.etag = unpacker.text();
  unpacker.end();
  return wanted;
}

std::string pack(const base::Response &response)
{
  Packer packer;
  put_response(packer, response);
  return packer.body();
}

base::Response unpack_response(std::string_view body)
{
  Unpacker unpacker(body);
  base::Response response = take_response(unpacker);
  unpacker.end();
  return response;
}

std::string pack(const Setback &setback)
{
  return Packer().text(setback.url).text(setback.why).duration(setback.pause).body();
}

Setback unpack_setback(std::string_view body)
{
  Unpacker unpacker(body);
  Setback setback;
  setback.url = unpacker.text();
  setback.why = unpacker.shown();
  setback.pause = unpacker.duration<std::chrono::milliseconds>();
  unpacker.end();
  return setback;
}

std::string pack(const base::Fetched &fetched)
{
  Packer packer;
  packer.number(static_cast<std::uint64_t>(fetched.state));
  put_response(packer, fetched.response);
  return packer.body();
}

base::Fetched unpack_fetched(std::string_view body)
{
  Unpacker unpacker(body);
  base::Fetched fetched;
  fetched.state = unpacker.choice(base::FetchState::missing);
  fetched.response = take_response(unpacker);
  unpacker.end();
  return fetched;
}

std::string pack(const base::Error &error)
{
  auto trail = error.trail();
  std::ranges::reverse(trail); // as it grew
  return Packer().text(base::name(error.kind())).text(error.message()).texts(trail).body();
}

base::Error unpack_error(std::string_view body)
{
  Unpacker unpacker(body);
  const base::Kind kind = take_kind(unpacker.text());
  base::Error error(kind, unpacker.shown());
  for (std::uint64_t left = unpacker.number(); left != 0; --left)
    error.add(unpacker.shown());
  unpacker.end();
  return error;
}

std::map<std::string, std::string>
proxy_variables(const std::map<std::string, std::string> &environment)
{
  std::map<std::string, std::string> found;
  // Not HTTP_PROXY, which a web server sets for its programs from a request's header.
  for (const char *name : {"http_proxy",
                           "https_proxy",
                           "HTTPS_PROXY",
                           "all_proxy",
                           "ALL_PROXY",
                           "no_proxy",
                           "NO_PROXY"})
    if (const auto variable = environment.find(name); variable != environment.end())
      found.insert(*variable);
  return found;
}

} // namespace updater
