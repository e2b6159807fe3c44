// SPDX-License-Identifier: Apache-2.0
#include "handoff/survivor.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "base/parse.hpp"
#include "handoff/service_manager.hpp"

#include <map>
#include <sstream>

namespace handoff {

namespace {

constexpr const char *drop_in_directory = "/run/systemd/system/systemd-soft-reboot.service.d";
constexpr const char *drop_in = "50-strake-kept-files.conf";

using Properties = std::map<std::string, std::string>;

Survivor survivor_of(Properties properties)
{
  const std::string &preserve = properties["FileDescriptorStorePreserve"];
  const bool keeps = preserve == "yes" || preserve == "on-success";
  return {.unit = properties["Id"],
          .goes_on = properties["SurviveFinalKillSignal"] == "yes" && properties["MainPID"] != "0",
          .has_own_root = !properties["RootDirectory"].empty() || !properties["RootImage"].empty(),
          .kept_files =
              keeps ? base::parse_number(properties["NFileDescriptorStore"]).value_or(0) : 0};
}

} // namespace

std::vector<Survivor> parse_survivors(std::string_view shown)
{
  std::vector<Survivor> survivors;
  Properties properties;
  const auto take = [&] {
    const Survivor survivor = survivor_of(properties);
    if (survivor.goes_on || survivor.kept_files > 0)
      survivors.push_back(survivor);
    properties.clear();
  };
  std::istringstream lines{std::string(shown)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (line.empty())
      take();
    else if (equals != std::string::npos)
      properties[line.substr(0, equals)] = line.substr(equals + 1);
  }
  take();
  return survivors;
}

std::vector<Survivor> read_survivors(const base::Host &host)
{
  return parse_survivors(
      ask_service_manager(host,
                          {"show",
                           "--property=Id,SurviveFinalKillSignal,MainPID,RootDirectory,RootImage,"
                           "FileDescriptorStorePreserve,NFileDescriptorStore",
                           "*.service"}));
}

void refuse_old_roots(const std::vector<Survivor> &survivors)
{
  std::string refused;
  for (const Survivor &each : survivors)
    if (each.goes_on && !each.has_own_root)
      refused += (refused.empty() ? "" : ", ") + each.unit;
  if (!refused.empty())
    base::fail(base::Kind::config,
               "{} would outlive a soft-reboot (SurviveFinalKillSignal=yes) and go on from the "
               "system that goes; stop what it is, give it a root of its own (RootDirectory=, "
               "RootImage=), or reboot",
               refused);
}

void keep_files(const base::Host &host, const std::vector<Survivor> &survivors)
{
  std::string text = "[Unit]\n";
  bool has_any = false;
  for (const Survivor &each : survivors)
    if (each.kept_files > 0) {
      text += "After=" + each.unit + "\n";
      has_any = true;
    }
  if (!has_any)
    return;
  base::replace_file(
      host.sys, base::make_path(host.sys, host.machine, drop_in_directory), drop_in, text);
  (void)ask_service_manager(host, {"daemon-reload"});
}

} // namespace handoff
