// SPDX-License-Identifier: Apache-2.0
#include "updater/fetch_message.hpp"

#include "fuzz.hpp"

namespace {

/// What was read can be said again, and is the same then.
template <typename Said> void check(const Said &said, Said (*unpack)(std::string_view))
{
  const std::string again = updater::pack(said);
  fuzz::demand(updater::pack(unpack(again)) == again, "what was read can be said again");
}

void read_body(updater::MessageKind kind, std::string_view body)
{
  switch (kind) {
  case updater::MessageKind::begin:
    return check(updater::unpack_response(body), updater::unpack_response);
  case updater::MessageKind::fetched:
    return check(updater::unpack_fetched(body), updater::unpack_fetched);
  case updater::MessageKind::wanted:
    return check(updater::unpack_wanted(body), updater::unpack_wanted);
  case updater::MessageKind::servers:
    return check(updater::unpack_servers(body), updater::unpack_servers);
  case updater::MessageKind::setback: { // its reason is made fit to be shown, each time anew
    const updater::Setback said = updater::unpack_setback(body);
    return fuzz::demand(updater::unpack_setback(updater::pack(said)).url == said.url,
                        "what was read can be said again");
  }
  case updater::MessageKind::failed:
    return static_cast<void>(updater::unpack_error(body));
  case updater::MessageKind::go:
  case updater::MessageKind::data:
    return;
  }
}

} // namespace

// The bytes are messages in a row, as a service that was taken over may send them.
const fuzz::Registered
    fetch_message({"fetch_message", {base::Kind::network}, [](std::string_view input) {
                     while (input.size() >= updater::message_head_size) {
                       std::array<char, updater::message_head_size> bytes{};
                       std::copy_n(input.begin(), bytes.size(), bytes.begin());
                       const updater::MessageHead head = updater::unpack_head(bytes);
                       input.remove_prefix(bytes.size());
                       const std::string_view body = input.substr(0, head.size);
                       input.remove_prefix(body.size());
                       read_body(head.kind, body);
                     }
                   }});
