// SPDX-License-Identifier: Apache-2.0
#include "updater/announcement.hpp"

#include "base/little_endian.hpp"
#include "base/socket_address.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace updater {

namespace {

constexpr const char *journal_directory = "run/systemd/journal";
/// A datagram has to fit the socket's buffer; the whole text is in the history.
constexpr std::size_t longest_detail = 4096;

/// NAME=value; a value with line breaks is written with its length before it.
void add_field(std::string &entry, std::string_view name, std::string_view value)
{
  if (value.empty())
    return;
  entry += name;
  if (value.find('\n') == std::string_view::npos) {
    entry += '=';
  } else {
    entry += '\n';
    base::little_endian::append(entry, std::uint64_t{value.size()});
  }
  entry += value;
  entry += '\n';
}

std::string subject(const Event &event)
{
  const std::string what = event.component.empty()
                               ? event.version
                               : fmt::format("{} {}", event.component, event.version);
  return what.empty() ? "nothing" : what;
}

std::string message_of(const Announced &how, const Event &event)
{
  const std::string text = fmt::format(fmt::runtime(how.message), subject(event));
  return event.detail.empty() ? text + "." : fmt::format("{}: {}", text, event.detail);
}

} // namespace

const std::vector<Announced> &announced()
{
  // clang-format off
  static const std::vector<Announced> rows = {
      {"check", "available", "8201e2dce8bb4069a452cff9baacd026", 5, "{} is available"},
      {"acquire", "acquired", "644405c2e0e7456ea86303304d9fcad2", 6, "{} is on this machine, pending"},
      {"acquire", "failed", "4b6f54986ee84b9ab6c0c63966fccf63", 3, "{} could not be acquired"},
      {"update", "installed", "4191e6df46a84f9eb0bebca6c1678793", 5, "{} is installed"},
      {"update", "failed", "800388917edf465f8a331fccf3ff6364", 3, "{} could not be installed"},
      {"update", "vetoed", "e72660eb7a034882812fee2bbb30e148", 4, "{} does not come now"},
      {"apply", "begun", "08ba75d2bc81456b89ce8110e721b257", 5, "{} is brought into effect"},
      {"apply", "failed", "3a6aa38cc69f424c89e539e8ec0553dc", 3, "{} could not be brought into effect"},
      {"apply", "vetoed", "e1e65cb309f546dc8d74294b9030878c", 4, "{} is not brought into effect now"},
      {"boot", "blessed", "0c7fd18bf2b24978ba1d9d226de9d967", 5, "{} was found good"},
      {"boot", "unblessed", "b64a9d1cbe164e979677a57e3c4abbc2", 4, "{} was found bad"},
      {"health", "bad", "34f2bbd2f399470bbfcf6f3f288ee116", 3, "{} is not good"},
      {"quarantine", "done", "72c01ffd61c6426b95d510e7598f1469", 4, "{} was taken out of use"},
      {"rollback", "done", "a81a6c0bd24f43a3a0a1b33a4c3c8cf5", 5, "{} is in effect again from the next boot on"},
  };
  // clang-format on
  return rows;
}

const Announced *announced_as(const Event &event)
{
  const auto found =
      std::find_if(announced().begin(), announced().end(), [&](const Announced &row) {
        return row.action == event.action && row.outcome == event.outcome;
      });
  return found == announced().end() ? nullptr : &*found;
}

std::string journal_entry(const Announced &how, const Event &event)
{
  std::string entry;
  add_field(entry, "MESSAGE", message_of(how, event).substr(0, longest_detail));
  add_field(entry, "PRIORITY", std::to_string(how.priority));
  add_field(entry, "SYSLOG_IDENTIFIER", "strake");
  add_field(entry, "MESSAGE_ID", how.message_id);
  add_field(entry, "STRAKE_ACTION", event.action);
  add_field(entry, "STRAKE_OUTCOME", event.outcome);
  add_field(entry, "STRAKE_COMPONENT", event.component);
  add_field(entry, "STRAKE_VERSION", event.version);
  add_field(entry, "STRAKE_DETAIL", std::string_view(event.detail).substr(0, longest_detail));
  return entry;
}

void announce(const base::Host &host, const Event &event)
{
  const Announced *how = announced_as(event);
  if (how == nullptr || !host.is_running_system)
    return;
  const auto dir = host.machine.find_dir(journal_directory);
  const base::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!dir || !socket.valid())
    return;
  const auto address =
      base::socket_address(fmt::format("/proc/self/fd/{}/socket", dir->fd().number())).value();
  const std::string entry = journal_entry(*how, event);
  (void)::sendto(socket.number(),
                 entry.data(),
                 entry.size(),
                 MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr *>(&address),
                 sizeof address);
}

} // namespace updater
