// SPDX-License-Identifier: Apache-2.0
#include "support/test_host.hpp"
#include "updater/announcement.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>

TEST_SUITE_BEGIN("updater/announcement");

using updater::Event;

namespace {

const Event installed{.action = "update",
                      .component = "docker",
                      .version = "28",
                      .outcome = "installed",
                      .detail = ""};

/// Takes what a journal would, below a root.
class Journal {
public:
  explicit Journal(const support::TempRoot &root)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))
  {
    root.write("run/systemd/journal/", "");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = root.path() + "/run/systemd/journal/socket";
    std::copy(path.begin(), path.end(), std::begin(address.sun_path));
    REQUIRE(::bind(socket_.number(),
                   reinterpret_cast<const sockaddr *>(&address),
                   sizeof address) == 0);
  }

  /// The oldest entry that was not taken yet; empty if there is none.
  std::string next()
  {
    std::array<char, 65536> bytes{};
    const ssize_t count = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
    return {bytes.data(), count < 0 ? 0 : static_cast<std::size_t>(count)};
  }

private:
  base::Fd socket_;
};

std::string text_of(const std::string &path)
{
  std::ifstream file(path);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

TEST_CASE("the journal is told of an event with the fields that others look for")
{
  support::TestHost machine;
  machine.host.is_running_system = true;
  Journal journal(machine.root);
  machine.root.write("state/", "");
  updater::record(machine.host, machine.root.dir().dir("state"), installed);
  CHECK(journal.next() == "MESSAGE=docker 28 is installed.\nPRIORITY=5\nSYSLOG_IDENTIFIER=strake\n"
                          "MESSAGE_ID=4191e6df46a84f9eb0bebca6c1678793\nSTRAKE_ACTION=update\n"
                          "STRAKE_OUTCOME=installed\nSTRAKE_COMPONENT=docker\nSTRAKE_VERSION=28\n");
}

TEST_CASE("a detail is a part of the message, and lines in it do not make fields")
{
  Event event = installed;
  event.outcome = "failed";
  event.component.clear();
  event.detail = "first\nPRIORITY=0";
  const std::string entry = updater::journal_entry(*updater::announced_as(event), event);
  const std::string text = "28 could not be installed: first\nPRIORITY=0";
  std::string length(8, '\0');
  length[0] = static_cast<char>(text.size());
  CHECK(entry.starts_with("MESSAGE\n" + length + text + "\nPRIORITY=3\n"));
  CHECK(entry.find("STRAKE_COMPONENT") == std::string::npos);
}

TEST_CASE("a long detail is cut, so that the journal takes it")
{
  Event event = installed;
  event.detail.assign(1U << 20U, 'x');
  CHECK(updater::journal_entry(*updater::announced_as(event), event).size() < 10'000);
}

TEST_CASE("nobody is told of what is no event for others, nor of another machine's")
{
  support::TestHost machine;
  Journal journal(machine.root);
  updater::announce(machine.host, installed);
  CHECK(journal.next().empty());
  machine.host.is_running_system = true;
  Event pinned = installed;
  pinned.action = "pin";
  updater::announce(machine.host, pinned);
  CHECK(journal.next().empty());
  updater::announce(machine.host, installed);
  CHECK_FALSE(journal.next().empty());
}

TEST_CASE("where no journal runs nothing happens")
{
  support::TestHost machine;
  machine.host.is_running_system = true;
  updater::announce(machine.host, installed);
  machine.root.write("run/systemd/journal/", "");
  updater::announce(machine.host, installed);
  CHECK(machine.said.empty());
}

TEST_CASE("each has an id of its own, and a text in the catalog")
{
  const std::string catalog = text_of(std::string(STRAKE_SOURCE_DIR) + "/units/strake.catalog");
  std::set<std::string_view> ids;
  for (const updater::Announced &each : updater::announced()) {
    CHECK(each.message_id.size() == 32);
    CHECK(ids.insert(each.message_id).second);
    CHECK_MESSAGE(catalog.find("-- " + std::string(each.message_id) + "\n") != std::string::npos,
                  each.action << " " << each.outcome);
  }
}
