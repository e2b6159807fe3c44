// SPDX-License-Identifier: Apache-2.0
#include "overlay/service_manager.hpp"

#include "base/error.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace overlay {

namespace {

using base::Level;

// Units may take their whole stop timeout.
constexpr std::chrono::minutes patience{5};

bool has(const std::vector<std::string> &all, const std::string &one)
{
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::string trimmed(std::string text)
{
  while (text.ends_with('\n'))
    text.pop_back();
  return text;
}

class ServiceManager {
public:
  explicit ServiceManager(const base::Host &host) : host_(host) {}

  void reload() { run({"daemon-reload"}); }

  void change(const std::string &verb, const std::string &unit)
  {
    const auto state = run({"show", "--property=LoadState", "--value", "--", unit});
    if (!state)
      return;
    std::vector<std::string> arguments{*state == "not-found" ? "stop" : verb, "--", unit};
    if (is_starting_up())
      arguments.insert(arguments.begin() + 1, "--no-block");
    run(arguments);
  }

private:
  /// Extensions are merged early at boot. What units wait for then may be waiting for us.
  bool is_starting_up()
  {
    if (!is_starting_up_) {
      const auto state = run({"show", "--property=SystemState", "--value"});
      is_starting_up_ = state == "initializing" || state == "starting";
    }
    return *is_starting_up_;
  }

  /// What it printed; nothing if it failed, which was said then.
  std::optional<std::string> run(const std::vector<std::string> &arguments)
  {
    const std::string shown = fmt::format("systemctl {}", fmt::join(arguments, " "));
    std::vector<std::string> argv{"systemctl", "--no-ask-password"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    try {
      const base::Finished finished =
          host_.programs.run({.argv = std::move(argv), .limit = patience});
      if (finished.status == 0)
        return trimmed(finished.output);
      host_.say(Level::warning, "{} failed: {}", shown, trimmed(finished.errors));
    } catch (const base::Error &error) {
      host_.say(Level::warning, "{} failed: {}", shown, error.what());
    }
    return std::nullopt;
  }

  const base::Host &host_;
  std::optional<bool> is_starting_up_;
};

} // namespace

void add_wishes(FollowUps &wishes, const FollowUps &more)
{
  wishes.reload_manager |= more.reload_manager;
  for (const std::string &unit : more.restart_units)
    if (!has(wishes.restart_units, unit))
      wishes.restart_units.push_back(unit);
  for (const std::string &unit : more.reload_or_restart_units)
    if (!has(wishes.reload_or_restart_units, unit))
      wishes.reload_or_restart_units.push_back(unit);
  std::erase_if(wishes.reload_or_restart_units,
                [&](const std::string &unit) { return has(wishes.restart_units, unit); });
}

void fulfil(const base::Host &host, const FollowUps &wishes)
{
  const bool is_there = host.is_running_system && host.machine.find_dir("run/systemd/system");
  if (!is_there || !wishes.reload_manager)
    return;
  ServiceManager manager(host);
  manager.reload();
  for (const std::string &unit : wishes.restart_units)
    manager.change("restart", unit);
  for (const std::string &unit : wishes.reload_or_restart_units)
    manager.change("reload-or-restart", unit);
}

} // namespace overlay
