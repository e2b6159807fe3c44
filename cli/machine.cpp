// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/verbs.hpp"
#include "handoff/follow.hpp"
#include "handoff/health.hpp"
#include "handoff/quarantine.hpp"
#include "handoff/service_manager.hpp"

namespace cli {

namespace {

using handoff::Followed;
using handoff::HealthCheck;
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

/// Once more, if extensions were to blame; what is not good then is noted.
std::vector<HealthCheck> checked_without_culprits(const Call &call,
                                                  const handoff::HealthSettings &settings,
                                                  std::vector<HealthCheck> checks)
{
  const auto culprits = handoff::quarantine_culprits(call.host, checks);
  for (const handoff::Quarantined &each : culprits)
    call.host.say(base::Level::warning,
                  "{} {} is not used any more, {}: {}",
                  each.component,
                  each.version,
                  each.instead.empty() ? "nor any other" : "but " + each.instead,
                  each.why);
  if (!culprits.empty())
    checks = handoff::check_health(call.host, settings);
  if (!handoff::is_good(checks))
    handoff::note_bad_health(call.host, checks);
  return checks;
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

int health(const Call &call)
{
  const auto settings = handoff::read_health_settings(call.host);
  auto checks = handoff::check_health(call.host, settings);
  if (call.options.automatic && !handoff::is_good(checks))
    checks = checked_without_culprits(call, settings, std::move(checks));
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
    handoff::request(call.host, handoff::Transition::reboot);
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
