// SPDX-License-Identifier: Apache-2.0
#include "handoff/apply.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/automatic.hpp"
#include "cli/time_text.hpp"
#include "cli/verbs.hpp"
#include "handoff/automatic.hpp"
#include "updater/state.hpp"

namespace cli {

namespace {

using base::Kind;
using handoff::Turn;
using handoff::When;

Value outlook_json(const handoff::Outlook &outlook, const std::optional<Turn> &turn)
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
  json["turn"] = turn ? turn_json(*turn) : Value();
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

bool is_of_the_timer(const Call &call)
{
  return call.options.automatic || call.options.when != When::now;
}

handoff::Kexec kexec_for(const Call &call)
{
  if (is_of_the_timer(call))
    return handoff::read_automatic_settings(call.host).kexec;
  return call.options.kexec ? handoff::Kexec::wanted : handoff::Kexec::unwanted;
}

void check_options(const Call &call)
{
  if (!call.options.root.empty() || !call.options.image.empty())
    base::fail(Kind::usage,
               "'apply' is about the system that runs; --root= and --image= cannot be");
  if (call.options.automatic && call.options.when != When::now)
    base::fail(Kind::usage, "--when= is what somebody wants, and --automatic is for timers");
  if (call.options.kexec && is_of_the_timer(call))
    base::fail(Kind::usage, "--kexec is for now; the timer goes by Kexec= of automatic.conf");
}

void print_outlook(const Call &call,
                   const handoff::Outlook &outlook,
                   const std::optional<Turn> &turn)
{
  if (call.wants_json())
    return call.print_json(outlook_json(outlook, turn));
  call.print(outlook_text(outlook));
  if (turn && outlook.decision.transition != handoff::Transition::none)
    call.print(fmt::format("The timer's turn: {}.\n", turn_text(*turn)));
}

/// For the timer, or whoever leaves it to that.
std::optional<Turn> turn_for(const Call &call, const handoff::Outlook &outlook)
{
  if (!call.options.automatic && call.options.when != When::window)
    return std::nullopt;
  handoff::ApplyRecord record =
      handoff::apply_record_of(call.host, outlook.menu.at(*outlook.next).entry);
  if (call.options.when == When::window)
    record.wish = When::window;
  return handoff::take_turn(call.host, outlook, record);
}

void use_turn(const Call &call, const handoff::Outlook &outlook, const Turn &turn)
{
  const handoff::TurnTaken taken =
      turn.is_now ? handoff::use_turn(call.host, outlook) : handoff::TurnTaken{};
  if (!taken.veto.empty())
    call.host.say(base::Level::notice, "It is not brought into effect now: {}", taken.veto);
  mark_what_waits(call);
}

void keep_wish(const Call &call, const handoff::Outlook &outlook)
{
  const base::Dir state = updater::open_state(call.host);
  const updater::Lock lock = updater::take_lock(call.host, state);
  handoff::ApplyRecord record =
      handoff::read_apply_record(state, outlook.menu.at(*outlook.next).entry.name.id);
  record.wish = call.options.when;
  handoff::write_apply_record(call.host.sys, state, record);
}

} // namespace

Value turn_json(const Turn &turn)
{
  Value json;
  json["isNow"] = turn.is_now;
  json["why"] = or_null(turn.why);
  json["at"] = turn.at ? Value(turn.at->time_since_epoch().count()) : Value();
  return json;
}

std::string turn_text(const Turn &turn)
{
  if (turn.is_now)
    return "now";
  const std::string why = base::printable(turn.why);
  return turn.at ? fmt::format("{}, because {}", utc(turn.at->time_since_epoch().count()), why)
                 : fmt::format("not yet, because {}", why);
}

int apply(const Call &call)
{
  check_options(call);
  const handoff::Outlook outlook = handoff::look_ahead(call.host, kexec_for(call));
  const std::optional<Turn> turn = turn_for(call, outlook);
  print_outlook(call, outlook, turn);
  if (call.options.dry_run)
    return 0;
  if (call.options.automatic)
    use_turn(call, outlook, *turn);
  else if (call.options.when != When::now)
    keep_wish(call, outlook);
  else
    handoff::put_into_effect(call.host, outlook);
  return 0;
}

} // namespace cli
