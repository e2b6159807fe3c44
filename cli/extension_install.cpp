// SPDX-License-Identifier: Apache-2.0
#include "handoff/extension_install.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/extension_verbs.hpp"

namespace cli {

namespace {

using base::Kind;
using handoff::FoundExtension;
using handoff::InstalledExtension;

handoff::Repositories repositories_of(const ExtensionOptions &options)
{
  handoff::Repositories repositories{
      .url = options.from, .trust = std::nullopt, .channel = options.channel};
  if (options.trust.empty())
    return repositories;
  if (options.from.empty())
    base::fail(Kind::usage, "--trust= is the key of the repository that --from= names");
  repositories.trust = base::Dir::open_root("/").text(options.trust);
  if (!repositories.trust)
    base::fail(Kind::not_found, "there is no {}, which --trust= names", options.trust);
  return repositories;
}

Value json_of(const FoundExtension &found)
{
  Value json;
  json["name"] = found.name;
  json["class"] = found.kind;
  json["version"] = or_null(found.version);
  json["newest"] = found.newest;
  json["why"] = or_null(found.why);
  json["description"] = found.description;
  json["url"] = found.url;
  json["installed"] = or_null(found.installed);
  return json;
}

Value json_of(const InstalledExtension &installed)
{
  Value json;
  json["name"] = installed.name;
  json["version"] = or_null(installed.version);
  json["before"] = or_null(installed.before);
  return json;
}

/// What `found` are the extensions of, as a table and what speaks against the newest of each.
void show(const ExtensionCall &call, const std::vector<FoundExtension> &found)
{
  Value rows = Value::array();
  Table table({{"NAME"}, {"CLASS"}, {"VERSION"}, {"INSTALLED"}, {"DESCRIPTION"}});
  std::string reasons;
  for (const FoundExtension &each : found) {
    rows.push_back(json_of(each));
    table.add({base::printable(each.name),
               each.kind,
               or_dash(each.version),
               or_dash(each.installed),
               base::printable(each.description)});
    if (!each.why.empty())
      reasons += fmt::format("Not {} {}: {}.\n",
                             base::printable(each.name),
                             base::printable(each.newest),
                             base::printable(each.why));
  }
  if (call.wants_json())
    call.print_json(rows);
  else if (table.empty())
    call.host.say(base::Level::info, "No extensions found.");
  else
    call.print(table.text(call.header()) + (reasons.empty() ? "" : "\n" + reasons));
}

void tell(const ExtensionCall &call, const InstalledExtension &installed)
{
  if (call.wants_json())
    return;
  if (installed.version == installed.before)
    call.print(fmt::format("{} {} is in use, and nothing is newer.\n",
                           base::printable(installed.name),
                           or_dash(installed.version)));
  else
    call.print(fmt::format(
        "{} {} is in use now{}.\n",
        base::printable(installed.name),
        base::printable(installed.version),
        installed.before.empty() ? "" : ", after " + base::printable(installed.before)));
}

} // namespace

int extension_search(const ExtensionCall &call)
{
  const auto &arguments = call.options.arguments;
  show(call,
       handoff::search(
           call.host, repositories_of(call.options), arguments.empty() ? "" : arguments.front()));
  return 0;
}

int extension_install(const ExtensionCall &call)
{
  const auto repositories = repositories_of(call.options);
  const std::string &name = call.options.arguments.front();
  if (call.options.dry_run) {
    std::vector<FoundExtension> found = handoff::search(call.host, repositories, name);
    std::erase_if(found, [&](const FoundExtension &each) { return each.name != name; });
    show(call, found);
    return 0;
  }
  const InstalledExtension installed =
      handoff::install(call.host, call.requests(), repositories, name);
  if (call.wants_json())
    call.print_json(json_of(installed));
  tell(call, installed);
  return 0;
}

int extension_remove(const ExtensionCall &call)
{
  handoff::remove(call.host, call.requests(), call.options.arguments.front());
  return 0;
}

int extension_upgrade(const ExtensionCall &call)
{
  Value rows = Value::array();
  for (const InstalledExtension &each :
       handoff::upgrade(call.host, call.requests(), call.options.arguments)) {
    rows.push_back(json_of(each));
    tell(call, each);
  }
  if (call.wants_json())
    call.print_json(rows);
  return 0;
}

} // namespace cli
