// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/extension_verbs.hpp"
#include "overlay/capture.hpp"
#include "overlay/written.hpp"

#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace cli {

namespace {

using base::Kind;
using base::Level;
using overlay::Class;
using overlay::Request;
using overlay::Written;
using overlay::WrittenPath;
using Place = Written::Place;

std::string_view change_text(WrittenPath::Change change)
{
  switch (change) {
  case WrittenPath::Change::added:
    return "added";
  case WrittenPath::Change::changed:
    return "changed";
  case WrittenPath::Change::removed:
    return "removed";
  }
  return "";
}

std::string_view type_text(mode_t type)
{
  switch (type) {
  case S_IFREG:
    return "file";
  case S_IFDIR:
    return "directory";
  case S_IFLNK:
    return "symlink";
  case S_IFIFO:
    return "fifo";
  case S_IFSOCK:
    return "socket";
  default:
    return "device";
  }
}

std::string_view place_text(Place place)
{
  switch (place) {
  case Place::apart:
    return "apart";
  case Place::in_base:
    return "in-base";
  case Place::unknown:
    return "unknown";
  }
  return "";
}

/// What was written to one hierarchy, on its way to text or JSON.
struct Listed {
  Class extension_class;
  Written written;
  std::vector<WrittenPath> differences;
};

std::vector<Listed> list_written(const ExtensionCall &call)
{
  std::vector<Listed> listed;
  for (const Request &request : call.requests()) {
    const Class own = request.extension_class;
    for (Written &written :
         overlay::find_written(call.host, request, request.configuration.hierarchies)) {
      Listed each{own, std::move(written), {}};
      if (each.written.views)
        each.differences = overlay::written_paths(*each.written.views, own);
      listed.push_back(std::move(each));
    }
  }
  return listed;
}

Value json_of(const Listed &listed)
{
  Value json;
  json["class"] = overlay::name(listed.extension_class);
  json["hierarchy"] = listed.written.hierarchy;
  json["writes"] = place_text(listed.written.place);
  json["ephemeral"] = listed.written.is_ephemeral;
  json["paths"] = Value::array();
  for (const WrittenPath &each : listed.differences)
    json["paths"].push_back({{"path", fmt::format("{}/{}", listed.written.hierarchy, each.path)},
                             {"change", change_text(each.change)},
                             {"type", type_text(each.type)},
                             {"what", each.what}});
  return json;
}

/// What the table cannot say.
void tell(const base::Host &host, const Written &written)
{
  if (written.place == Place::in_base)
    host.say(Level::notice,
             "{} takes writes itself, so that they cannot be told from what was there before.",
             written.hierarchy);
  else if (written.place == Place::unknown)
    host.say(
        Level::warning,
        "{} was merged by another program, which keeps no way to what was written; `strake ext "
        "refresh --always-refresh=yes` merges it anew (what was written to memory is gone "
        "then).",
        written.hierarchy);
}

void print_table(const ExtensionCall &call, const std::vector<Listed> &all)
{
  Table table({{"CHANGE"}, {"TYPE"}, {"PATH"}, {"WHAT"}});
  for (const Listed &listed : all)
    for (const WrittenPath &each : listed.differences)
      table.add({std::string(change_text(each.change)),
                 std::string(type_text(each.type)),
                 base::printable(fmt::format("{}/{}", listed.written.hierarchy, each.path)),
                 fmt::format("{}", fmt::join(each.what, ", "))});
  if (!table.empty())
    return call.print(table.text(call.header()));
  if (all.empty())
    call.host.say(Level::info, "No hierarchy is merged so that it can be written.");
  else if (std::all_of(all.begin(), all.end(), [](const Listed &each) {
             return each.written.place == Place::apart;
           }))
    call.host.say(Level::info, "Nothing was written.");
}

/// The class that was asked for, or else the one in whose hierarchies there is something.
const Request &chosen(const ExtensionCall &call, const std::vector<Request> &requests)
{
  if (requests.size() == 1)
    return requests.front();
  std::vector<Class> found;
  for (const Listed &listed : list_written(call))
    if (listed.written.place != Place::apart || !listed.differences.empty())
      found.push_back(listed.extension_class);
  const bool is_both = !found.empty() && found.front() != found.back();
  if (is_both)
    base::fail(Kind::usage,
               "something was written both to hierarchies of system and of configuration "
               "extensions; choose by --class=sysext or --class=confext");
  const auto request = std::find_if(requests.begin(), requests.end(), [&](const Request &each) {
    return !found.empty() && each.extension_class == found.front();
  });
  return request == requests.end() ? requests.front() : *request;
}

} // namespace

int extension_diff(const ExtensionCall &call)
{
  if (!call.options.arguments.empty())
    return extension_difference(call);
  if (::geteuid() != 0)
    base::fail(Kind::usage, "Need to be privileged to see what was written; run as root.");
  const std::vector<Listed> all = list_written(call);
  Value json = Value::array();
  for (const Listed &listed : all) {
    json.push_back(json_of(listed));
    tell(call.host, listed.written);
  }
  if (call.wants_json())
    call.print_json(json);
  else
    print_table(call, all);
  return 0;
}

int extension_capture(const ExtensionCall &call)
{
  const std::vector<Request> requests = call.requests();
  if (requests.empty())
    return 0;
  const Request &request = chosen(call, requests);
  const std::string &name = call.options.arguments.front();
  const overlay::Captured captured = overlay::capture(call.host, request, name);
  const std::string path = call.host.root.display(captured.path);
  if (call.wants_json())
    call.print_json({{"class", overlay::name(request.extension_class)},
                     {"name", name},
                     {"path", path},
                     {"hierarchies", captured.hierarchies},
                     {"differences", captured.differences},
                     {"masksDirectories", captured.masks_directories}});
  call.host.say(
      Level::info,
      "{} changes of {} are the extension {} now, which the next refresh merges where its name and "
      "Priority= put it. What was written stays where it is, above it; strake-ext(1) says how to "
      "empty that.",
      captured.differences,
      fmt::format("{}", fmt::join(captured.hierarchies, ", ")),
      path);
  if (captured.masks_directories)
    call.host.say(Level::notice,
                  "It hides whole directories, as they were removed or replaced; so it is left out "
                  "until AllowDangers=masks-system masks-extension is set in "
                  "/etc/strake/extensions/{}.conf.",
                  name);
  return 0;
}

} // namespace cli
