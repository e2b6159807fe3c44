// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/automatic.hpp"
#include "cli/verbs.hpp"
#include "handoff/bless.hpp"
#include "handoff/boot_once.hpp"

#include <fmt/ranges.h>

namespace cli {

namespace {

using handoff::BootSlot;
using handoff::MenuEntry;

Value json_of(const BootSlot &slot)
{
  Value json;
  json["option"] = or_null(slot.option);
  json["partition"] = slot.number == 0 ? Value() : Value(slot.number);
  json["label"] = slot.label;
  json["fault"] = or_null(slot.fault);
  return json;
}

Value json_of(const MenuEntry &each)
{
  const auto &tries = each.entry.name.tries;
  Value json;
  json["id"] = each.entry.name.id;
  json["file"] = each.file;
  json["type"] = handoff::name(each.entry.type);
  json["title"] = each.entry.title;
  json["version"] = each.entry.version;
  json["sortKey"] = each.entry.sort_key;
  json["machineId"] = each.entry.machine_id;
  json["architecture"] = each.entry.architecture;
  json["options"] = each.entry.options;
  json["triesLeft"] = tries ? Value(tries->left) : Value();
  json["triesDone"] = tries ? Value(tries->done) : Value();
  json["priority"] = each.marks ? Value(each.marks->priority) : Value();
  json["state"] = handoff::name(each.state);
  json["faults"] = each.faults;
  json["slots"] = Value::array();
  for (const BootSlot &slot : each.slots)
    json["slots"].push_back(json_of(slot));
  json["isShown"] = each.is_shown;
  json["isNext"] = each.is_next;
  json["isBooted"] = each.is_booted;
  json["isRunning"] = each.is_running;
  return json;
}

std::string state_text(const MenuEntry &each)
{
  const std::string_view state = handoff::name(each.state);
  if (each.state != handoff::BootState::counted)
    return std::string(state);
  return fmt::format("{}, {} left", state, each.entry.name.tries->left);
}

std::string slots_text(const MenuEntry &each)
{
  std::vector<std::string> labels;
  for (const BootSlot &slot : each.slots)
    if (slot.number != 0)
      labels.push_back(fmt::format("{} ({})", base::printable(slot.label), slot.number));
  return labels.empty() ? "-" : fmt::format("{}", fmt::join(labels, ", "));
}

std::string when_text(const MenuEntry &each)
{
  if (each.is_running)
    return each.is_next ? "running, next" : "running";
  return each.is_next ? "next" : "-";
}

/// The same whether it was done or is only foreseen.
int tell(const Call &call, const handoff::Blessed &verdict)
{
  Value json;
  json["id"] = verdict.id;
  json["version"] = verdict.version;
  json["before"] = verdict.before;
  json["file"] = verdict.file;
  if (call.wants_json())
    call.print_json(json);
  else if (!verdict.has_changed())
    call.print(fmt::format("{} is so already.\n", base::printable(verdict.file)));
  else
    call.print(fmt::format("{} {} {}.\n",
                           base::printable(verdict.before),
                           call.options.dry_run ? "would become" : "is now",
                           base::printable(verdict.file)));
  return 0;
}

int give(const Call &call, handoff::Blessing blessing)
{
  const std::string &image = call.options.image;
  if (!call.options.dry_run) {
    const handoff::Blessed done = handoff::bless(call.host, image, call.argument(), blessing);
    mark_what_waits(call);
    return tell(call, done);
  }
  const auto menu = handoff::read_boot_menu(call.host, image);
  return tell(call, handoff::result_of(handoff::judge(menu, call.argument(), blessing)));
}

} // namespace

int bless(const Call &call)
{
  return give(call, handoff::Blessing::blessed);
}

int unbless(const Call &call)
{
  return give(call, handoff::Blessing::unblessed);
}

int once(const Call &call)
{
  const Options &options = call.options;
  if (!options.root.empty() || !options.image.empty())
    base::fail(base::Kind::usage,
               "'once' is about the machine that runs; --root= and --image= cannot be");
  const std::string id = call.argument();
  std::string loader_id;
  if (!id.empty())
    loader_id = handoff::choose_once(handoff::read_boot_menu(call.host, ""), id).loader_id;
  if (!options.dry_run)
    handoff::boot_once(call.host, loader_id);
  if (call.wants_json())
    call.print_json({{"id", or_null(id)}});
  else if (id.empty())
    call.print(fmt::format("No entry {} booted once.\n", options.dry_run ? "would be" : "is"));
  else
    call.print(fmt::format("{} {} at the next boot, and not at the one after it.\n",
                           base::printable(id),
                           options.dry_run ? "would be taken" : "is taken"));
  return 0;
}

int boot(const Call &call)
{
  Value rows = Value::array();
  Table table({{"ENTRY"}, {"VERSION"}, {"STATE"}, {"WHEN"}, {"SLOTS"}, {"TYPE"}, {"TITLE"}});
  std::string faults;
  for (const MenuEntry &each : handoff::read_boot_menu(call.host, call.options.image)) {
    rows.push_back(json_of(each));
    table.add({base::printable(each.entry.name.id),
               or_dash(each.entry.version),
               state_text(each),
               when_text(each),
               slots_text(each),
               std::string(handoff::name(each.entry.type)),
               or_dash(each.entry.title)});
    for (const std::string &fault : each.faults)
      faults += fmt::format("{}: {}\n", base::printable(each.file), base::printable(fault));
  }
  if (call.wants_json())
    call.print_json(rows);
  else if (table.empty())
    call.host.say(base::Level::info, "No boot entries found.");
  else
    call.print(table.text(call.header()) + (faults.empty() ? "" : "\n" + faults));
  return 0;
}

} // namespace cli
