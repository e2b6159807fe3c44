// SPDX-License-Identifier: Apache-2.0
#include "updater/fetch_message.hpp"

#include "fuzz.hpp"

namespace {

/// What can be read is what pack() writes: nothing in a body goes unnoticed.
template <typename Unpack> void check(std::string_view body, Unpack unpack)
{
  try {
    const auto said = unpack(body);
    fuzz::demand(unpack(updater::pack(said)).url == said.url, "what was read can be said again");
  } catch (const base::Error &error) {
    fuzz::demand(error.kind() == base::Kind::network, "the way to a server is at fault");
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
                       switch (head.kind) {
                       case updater::MessageKind::begin:
                         check(body, updater::unpack_response);
                         break;
                       case updater::MessageKind::setback:
                         check(body, updater::unpack_setback);
                         break;
                       case updater::MessageKind::fetched:
                         static_cast<void>(updater::unpack_fetched(body));
                         break;
                       case updater::MessageKind::failed:
                         static_cast<void>(updater::unpack_error(body));
                         break;
                       case updater::MessageKind::servers:
                         static_cast<void>(updater::unpack_servers(body));
                         break;
                       case updater::MessageKind::wanted:
                         static_cast<void>(updater::unpack_wanted(body));
                         break;
                       case updater::MessageKind::go:
                       case updater::MessageKind::data:
                         break;
                       }
                     }
                   }});
