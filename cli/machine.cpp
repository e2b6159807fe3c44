// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/notify.hpp"
#include "cli/verbs.hpp"
#include "handoff/apply.hpp"
#include "handoff/follow.hpp"
#include "handoff/health.hpp"

namespace cli {

namespace {

using handoff::Followed;
using handoff::Member;
using Unfit = overlay::ExtensionSettings::Unfit;

std::string_view word(Unfit unfit)
{
  switch (unfit) {
  case Unfit::block:
    return "block";
  case Unfit::warn:
    return "warn";
  case Unfit::drop:
    return "drop";
  }
  return "";
}

Value or_null(const std::string &text)
{
  return text.empty() ? Value() : Value(text);
}

std::string or_dash(const std::string &text)
{
  return text.empty() ? "-" : base::printable(text);
}

std::string line_of(const Member &member)
{
  const std::string name = base::printable(member.name);
  if (!member.unfit.empty())
    return fmt::format("{}: {}{}\n",
                       name,
                       member.when_unfit == Unfit::block ? "keeps it from coming: " : "left out: ",
                       base::printable(member.unfit));
  if (member.version == member.before)
    return fmt::format("{}: stays {}\n", name, base::printable(member.version));
  return fmt::format("{}: {} instead of {}{}\n",
                     name,
                     base::printable(member.version),
                     or_dash(member.before),
                     member.is_to_fetch ? ", to be fetched" : "");
}

Value outlook_json(const handoff::Outlook &outlook)
{
  const handoff::MenuEntry &next = outlook.menu.at(*outlook.next);
  Value json;
  json["entry"] = next.entry.name.id;
  json["version"] = or_null(next.entry.version);
  json["transition"] = handoff::name(outlook.decision.transition);
  json["why"] = outlook.decision.why;
  json["survivors"] = Value::array();
  for (const handoff::Survivor &each : outlook.survivors) {
    Value row;
    row["unit"] = each.unit;
    row["goesOn"] = each.goes_on;
    row["hasOwnRoot"] = each.has_own_root;
    row["keptFiles"] = each.kept_files;
    json["survivors"].push_back(std::move(row));
  }
  return json;
}

std::string outlook_text(const handoff::Outlook &outlook)
{
  const handoff::MenuEntry &next = outlook.menu.at(*outlook.next);
  const std::string entry = base::printable(next.entry.name.id);
  const std::string why = base::printable(outlook.decision.why);
  if (outlook.decision.transition == handoff::Transition::none)
    return fmt::format("{} is next, and {}.\n", entry, why);
  std::string text =
      fmt::format("{} is next: {}, because {}.\n", entry, name(outlook.decision.transition), why);
  for (const handoff::Survivor &each : outlook.survivors)
    text += fmt::format("{}: {}{}\n",
                        base::printable(each.unit),
                        each.goes_on ? "goes on" : "is started anew",
                        each.kept_files > 0
                            ? fmt::format(", {} descriptors are kept for it", each.kept_files)
                            : "");
  return text;
}

} // namespace

bool is_about_machine(const Call &call, const std::string &component)
{
  const Options &options = call.options;
  return component.empty() && options.face == Face::strake && options.definitions.empty() &&
         options.image.empty();
}

Value members_json(const std::vector<Member> &members)
{
  Value rows = Value::array();
  for (const Member &member : members) {
    Value row;
    row["name"] = member.name;
    row["component"] = or_null(member.component);
    row["before"] = or_null(member.before);
    row["version"] = or_null(member.version);
    row["isToFetch"] = member.is_to_fetch;
    row["unfit"] = or_null(member.unfit);
    row["whenUnfit"] = member.unfit.empty() ? Value() : Value(word(member.when_unfit));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string members_text(const std::vector<Member> &members)
{
  std::string text;
  for (const Member &member : members)
    text += line_of(member);
  return text.empty() ? "" : "\nExtensions that go with it:\n" + text;
}

int apply(const Call &call)
{
  if (!call.options.root.empty() || !call.options.image.empty())
    base::fail(base::Kind::usage,
               "'apply' is about the system that runs; --root= and --image= cannot be");
  const handoff::Outlook outlook = handoff::look_ahead(call.host);
  if (call.wants_json())
    call.print_json(outlook_json(outlook));
  else
    call.print(outlook_text(outlook));
  if (!call.options.dry_run)
    handoff::put_into_effect(call.host, outlook);
  return 0;
}

int health(const Call &call)
{
  const auto checks = handoff::check_health(call.host, handoff::read_health_settings(call.host));
  const bool good = handoff::is_good(checks);
  Value rows = Value::array();
  std::string text;
  for (const handoff::HealthCheck &each : checks) {
    Value row;
    row["name"] = each.name;
    row["isRequired"] = each.is_required;
    row["failure"] = or_null(each.failure);
    rows.push_back(std::move(row));
    if (!each.failure.empty())
      text += fmt::format("{}{}: {}\n",
                          base::printable(each.name),
                          each.is_required ? "" : " (only wanted)",
                          base::printable(each.failure));
  }
  if (call.wants_json())
    call.print_json({{"isGood", good}, {"checks", std::move(rows)}});
  else
    call.print(text + (good ? "The system is good.\n" : "The system is not good.\n"));
  handoff::tell_of_health(call.host, good);
  return good ? 0 : exit_no;
}

int retreat(const Call &call)
{
  const std::string why =
      handoff::reason_to_stay(handoff::read_boot_menu(call.host, call.options.image));
  if (call.wants_json()) {
    Value json;
    json["reboots"] = why.empty();
    json["why"] = or_null(why);
    call.print_json(json);
  } else if (!why.empty()) {
    call.print(fmt::format("Staying: {}.\n", base::printable(why)));
  }
  if (why.empty() && !call.options.dry_run)
    request_reboot(call.host);
  return why.empty() ? 0 : exit_no;
}

int follow(const Call &call)
{
  Value rows = Value::array();
  std::string text;
  for (const Followed &each : handoff::follow_system(call.host)) {
    Value row;
    row["component"] = each.component;
    row["before"] = or_null(each.before);
    row["version"] = or_null(each.version);
    rows.push_back(std::move(row));
    text += fmt::format("{}: {} instead of {}\n",
                        base::printable(each.component),
                        or_dash(each.version),
                        or_dash(each.before));
  }
  if (call.wants_json())
    call.print_json(rows);
  else
    call.print(text);
  return 0;
}

} // namespace cli
