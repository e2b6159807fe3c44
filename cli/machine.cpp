// SPDX-License-Identifier: Apache-2.0
#include "base/printable.hpp"
#include "cli/verbs.hpp"
#include "handoff/follow.hpp"

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
