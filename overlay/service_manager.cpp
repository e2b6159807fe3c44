// SPDX-License-Identifier: Apache-2.0
#include "overlay/service_manager.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"

#include <fmt/ranges.h>

#include <chrono>
#include <optional>

namespace overlay {

namespace {

using base::Level;

// Units may take their whole stop timeout.
constexpr std::chrono::minutes patience{5};

std::string trimmed(std::string text)
{
  while (text.ends_with('\n'))
    text.pop_back();
  return text;
}

class Doing {
public:
  explicit Doing(const base::Host &host) : host_(host) {}

  void see_to(Topic topic, const std::vector<std::string> &files)
  {
    const std::string needs(facts(topic).needs);
    if (facts(topic).files == TopicFacts::Files::are_named && files.empty())
      return;
    if (needs.empty() || host_.machine.target_status(needs))
      run(command_for(topic, files));
  }

  void change(const std::string &verb, const std::string &unit)
  {
    const auto state = ask_systemd({"show", "--property=LoadState", "--value", "--", unit});
    if (!state)
      return;
    std::vector<std::string> arguments{*state == "not-found" ? "stop" : verb, "--", unit};
    if (is_starting_up())
      arguments.insert(arguments.begin() + 1, "--no-block");
    ask_systemd(arguments);
  }

private:
  /// Extensions are merged early at boot. What units wait for then may be waiting for us.
  bool is_starting_up()
  {
    if (!is_starting_up_) {
      const auto state = ask_systemd({"show", "--property=SystemState", "--value"});
      is_starting_up_ = state == "initializing" || state == "starting";
    }
    return *is_starting_up_;
  }

  std::optional<std::string> ask_systemd(const std::vector<std::string> &arguments)
  {
    std::vector<std::string> argv{"systemctl", "--no-ask-password"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run(argv);
  }

  /// What it printed; nothing if it failed, which was said then.
  std::optional<std::string> run(const std::vector<std::string> &argv)
  {
    const std::string shown = base::printable(fmt::format("{}", fmt::join(argv, " ")));
    try {
      const base::Finished finished = host_.programs.run({.argv = argv, .limit = patience});
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

void fulfil(const base::Host &host, const Aftermath &aftermath)
{
  if (!host.is_running_system)
    return;
  Doing doing(host);
  for (const auto &[topic, files] : aftermath.topics)
    doing.see_to(topic, files);
  if (!host.machine.find_dir("run/systemd/system"))
    return;
  for (const std::string &unit : aftermath.wishes.restart_units)
    doing.change("restart", unit);
  for (const std::string &unit : aftermath.wishes.reload_or_restart_units)
    doing.change("reload-or-restart", unit);
}

} // namespace overlay
