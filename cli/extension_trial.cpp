// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "cli/extension_verbs.hpp"
#include "overlay/try_out.hpp"

namespace cli {

namespace {

using base::Kind;

/// strake itself, with the options given now, ending the trial when its time is over.
overlay::Guard guard_for(const ExtensionCall &call)
{
  const auto program = call.host.machine.link_target("proc/self/exe");
  if (!program)
    base::fail(Kind::io, "/proc/self/exe does not say where strake is");
  overlay::Guard guard{.command = {*program, "ext"}, .environment = {}};
  guard.command.insert(
      guard.command.end(), call.options.repeatable.begin(), call.options.repeatable.end());
  guard.command.insert(guard.command.end(), {"take-back", "--when-over"});
  for (const auto &[name, value] : call.host.environment)
    if (name.starts_with("SYSTEMD_") && name != "SYSTEMD_EXEC_PID")
      guard.environment.push_back(fmt::format("{}={}", name, value));
  return guard;
}

} // namespace

int extension_try(const ExtensionCall &call)
{
  const std::string &name = call.options.arguments.front();
  overlay::try_out(call.host, call.requests(), name, call.options.duration, guard_for(call));
  call.host.say(base::Level::info,
                "{} is merged for {} seconds; `strake ext keep` keeps it.",
                name,
                call.options.duration.count());
  return 0;
}

int extension_keep(const ExtensionCall &call)
{
  const std::string name = overlay::keep(call.host);
  call.host.say(base::Level::info, "{} is kept.", name);
  return 0;
}

int extension_take_back(const ExtensionCall &call)
{
  if (call.options.when_over) {
    overlay::wait_until_over(call.host);
    overlay::take_back(call.host, call.requests(), overlay::Ended::by_time);
    return 0;
  }
  if (!overlay::take_back(call.host, call.requests(), overlay::Ended::by_hand))
    base::fail(Kind::not_found, "no extension is on trial");
  return 0;
}

} // namespace cli
