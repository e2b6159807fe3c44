// SPDX-License-Identifier: Apache-2.0
#include "updater/state.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"

#include <unistd.h>

#include <cctype>
#include <string>

namespace updater {

namespace {

struct Place {
  const base::Dir *root;
  std::string path;
};

Place state_place(const base::Host &host)
{
  if (!host.is_running_system)
    return {&host.root, "/var/lib/strake"};
  if (const auto given = host.variable("STATE_DIRECTORY"))
    return {&host.machine, given->substr(0, given->find(':'))};
  if (::geteuid() == 0)
    return {&host.root, "/var/lib/strake"};
  if (const auto given = host.variable("XDG_STATE_HOME"))
    return {&host.machine, *given + "/strake"};
  if (const auto home = host.variable("HOME"))
    return {&host.machine, *home + "/.local/state/strake"};
  base::fail(base::Kind::usage,
             "neither $XDG_STATE_HOME nor $HOME is set, so there is no place for strake's records; "
             "set one of them, or run as root");
}

constexpr const char *holder_file = "holder";

std::string holder(const base::Dir &state)
{
  std::string text = state.text(holder_file).value_or("");
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
    text.pop_back();
  return text.empty() ? "unknown" : text;
}

/// For the message of those who come second. The lock is the kernel's, so this needs no sync.
void name_holder(base::Sys &sys, const base::Dir &state)
{
  const std::string pid = fmt::format("{}\n", ::getpid());
  const base::Fd file = state.status(holder_file) ? sys.open_writable(state, holder_file)
                                                  : sys.create(state, holder_file, 0644);
  sys.resize(file, 0);
  sys.write_at(file, 0, std::as_bytes(std::span(pid)));
}

} // namespace

std::optional<base::Dir> find_state(const base::Host &host)
{
  const Place place = state_place(host);
  return place.root->find_dir(place.path);
}

std::string state_path(const base::Host &host)
{
  const Place place = state_place(host);
  return place.root->display(place.path);
}

base::Dir near_state(const base::Host &host)
{
  const Place place = state_place(host);
  std::string path = place.path;
  auto found = place.root->find_dir(path);
  while (!found) {
    path = base::split_path(path).parent;
    found = path.empty() ? place.root->again() : place.root->find_dir(path);
  }
  return std::move(*found);
}

base::Dir open_state(const base::Host &host)
{
  const Place place = state_place(host);
  return base::make_path(host.sys, *place.root, place.path, 0755);
}

Lock take_lock(const base::Host &host, const base::Dir &state)
{
  // The directory itself is locked: unlike a file in it, it cannot be replaced between being
  // opened and being locked.
  base::Dir held = state.again();
  if (!host.sys.try_lock(held.fd()))
    base::fail(base::Kind::busy,
               "another strake, process {}, is at work on {}; try again when it is done",
               holder(state),
               state.path());
  name_holder(host.sys, state);
  return Lock(std::move(held));
}

} // namespace updater
