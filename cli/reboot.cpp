// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/version.hpp"
#include "cli/verbs.hpp"
#include "handoff/service_manager.hpp"
#include "updater/running.hpp"
#include "updater/update.hpp"

namespace cli {

namespace {

using base::Kind;
using base::Level;

void check_scope(const Call &call)
{
  const Options &options = call.options;
  if (!options.root.empty() || !options.image.empty())
    base::fail(
        Kind::usage, "The --root=/--image= switches may not be combined with '{}'.", options.verb);
  if (!options.component.empty() || options.all_components || options.suggested_components)
    base::fail(Kind::usage,
               "The --component=/--component-all switches may not be combined with '{}'.",
               options.verb);
}

/// Whether the newest version in effect is newer than the one that was booted.
bool is_pending(const Call &call)
{
  check_scope(call);
  const updater::Inventory inventory = updater::take_inventory(call.host, call.scope());
  const updater::Catalog catalog = updater::assess(inventory.holdings, updater::Offline::yes);
  const std::string booted = updater::running_version(call.host);
  if (booted.empty())
    base::fail(Kind::config, "/etc/os-release lacks IMAGE_VERSION= field.");
  const updater::UpdateSet *newest = nullptr;
  for (const updater::UpdateSet &set : catalog.sets)
    if (newest == nullptr && !set.pending && !set.partial)
      newest = &set;
  if (newest == nullptr)
    base::fail(Kind::not_found, "Couldn't find any suitable installed versions.");
  const auto order = base::compare_versions(newest->version, booted);
  call.host.say(Level::info,
                "Newest installed version '{}' is {} booted version '{}'.{}",
                newest->version,
                order > 0   ? "newer than"
                : order < 0 ? "older than"
                            : "identical to",
                booted,
                order > 0 ? " Reboot recommended." : "");
  return order > 0;
}

void print_answer(const Call &call, bool answer)
{
  if (!call.wants_json() || call.options.face == Face::systemd_sysupdate)
    return;
  Value json;
  json["pending"] = answer;
  call.print_json(json);
}

} // namespace

int pending(const Call &call)
{
  const bool answer = is_pending(call);
  print_answer(call, answer);
  return answer ? 0 : exit_no;
}

int reboot(const Call &call)
{
  const bool answer = is_pending(call);
  print_answer(call, answer);
  if (!call.options.dry_run && answer)
    handoff::request(call.host, handoff::Transition::reboot);
  else if (call.options.dry_run && !call.wants_json())
    call.print(answer ? "would reboot\n" : "No reboot is needed.\n");
  return 0;
}

} // namespace cli
