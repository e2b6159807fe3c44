// SPDX-License-Identifier: Apache-2.0
#include "base/printable.hpp"
#include "cli/contents.hpp"
#include "cli/extension_verbs.hpp"
#include "overlay/find.hpp"
#include "overlay/hierarchy.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace cli {

namespace {

using overlay::Class;
using overlay::Hierarchy;
using overlay::Merged;

struct Status {
  Class extension_class;
  std::string hierarchy;
  std::optional<Merged> merged;
};

std::vector<Status> find_status(const ExtensionCall &call)
{
  const auto table = overlay::read_mount_table(call.host);
  std::vector<Status> found;
  for (const overlay::Request &request : call.requests())
    for (const std::string &path : request.configuration.hierarchies) {
      const Class own = request.extension_class;
      const Hierarchy hierarchy = overlay::find_hierarchy(call.host, own, path, table);
      if (!hierarchy.top)
        continue;
      Status status{own, path, std::nullopt};
      if (hierarchy.is_merged())
        status.merged = overlay::read_merged(hierarchy, own);
      found.push_back(std::move(status));
    }
  std::sort(found.begin(), found.end(), [](const Status &one, const Status &other) {
    return one.hierarchy < other.hierarchy;
  });
  return found;
}

Value json_of(const Status &status)
{
  Value row;
  row["hierarchy"] = status.hierarchy;
  row["extensions"] = Value::array();
  row["since"] = nullptr;
  if (status.merged) {
    row["extensions"] = status.merged->extensions;
    row["since"] = status.merged->since_us;
  }
  return row;
}

/// Of what strake has merged; else null.
Value generation_of(const Status &status)
{
  const auto generation =
      status.merged ? overlay::parse_generation(status.merged->generation) : std::nullopt;
  return generation ? Value(generation->number) : Value();
}

} // namespace

int extension_status(const ExtensionCall &call)
{
  Value rows = Value::array();
  Table table({{"HIERARCHY"}, {"EXTENSIONS"}, {"SINCE"}});
  for (const Status &status : find_status(call)) {
    rows.push_back(json_of(status));
    if (!call.options.stands_in) {
      rows.back()["class"] = overlay::name(status.extension_class);
      rows.back()["generation"] = generation_of(status);
    }
    const bool is_empty = !status.merged || status.merged->extensions.empty();
    // One extension a line, as in the field.
    std::vector<std::string> names =
        is_empty ? std::vector<std::string>{"-"} : status.merged->extensions;
    table.add({status.hierarchy,
               names.front(),
               status.merged ? time_text(status.merged->since_us) : "-"});
    for (std::size_t index = 1; index < names.size(); ++index)
      table.add({"", names[index], ""});
  }
  if (call.wants_json())
    call.print_json(rows);
  else
    call.print(table.text(call.header()));
  return 0;
}

int extension_list(const ExtensionCall &call)
{
  Value rows = Value::array();
  Table table({{"NAME"}, {"TYPE"}, {"PATH"}, {"TIME"}});
  for (const Class each : call.options.classes)
    for (const overlay::Image &image : overlay::find_images(call.host, each).images) {
      const std::string path = call.host.root.display(image.path);
      Value row;
      row["name"] = image.name;
      row["type"] = overlay::name(image.kind);
      row["path"] = path;
      row["time"] = image.time_us;
      if (!call.options.stands_in)
        row["class"] = overlay::name(each);
      rows.push_back(std::move(row));
      table.add({image.name,
                 std::string(overlay::name(image.kind)),
                 base::printable(path),
                 time_text(image.time_us)});
    }
  if (call.wants_json())
    call.print_json(rows);
  else if (table.empty())
    call.host.say(base::Level::info, "No OS extensions found.");
  else
    call.print(table.text(call.header()));
  return 0;
}

} // namespace cli
