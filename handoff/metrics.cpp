// SPDX-License-Identifier: Apache-2.0
#include "handoff/metrics.hpp"

#include "base/durable.hpp"

#include <array>
#include <map>
#include <vector>

namespace handoff {

namespace {

using Labels = std::vector<std::pair<const char *, std::string>>;

/// A value between double quotes.
std::string escaped(const std::string &text)
{
  std::string result;
  for (const char letter : text) {
    if (letter == '\\' || letter == '"')
      result += '\\';
    if (letter == '\n')
      result += "\\n";
    else
      result += letter;
  }
  return result;
}

class MetricsText {
public:
  void begin(const char *name, const char *help)
  {
    name_ = name;
    text_ += fmt::format("# HELP strake_{} {}\n# TYPE strake_{} gauge\n", name, help, name);
  }

  void add(const Labels &labels, std::int64_t value)
  {
    std::string list;
    for (const auto &[label, content] : labels)
      list += fmt::format("{}{}=\"{}\"", list.empty() ? "" : ",", label, escaped(content));
    text_ += fmt::format("strake_{}{} {}\n", name_, list.empty() ? list : "{" + list + "}", value);
  }

  [[nodiscard]] const std::string &text() const { return text_; }

private:
  const char *name_ = "";
  std::string text_;
};

void add_systems(const MachineStatus &status, MetricsText &metrics)
{
  metrics.begin("running_info", "The version of the system that runs.");
  metrics.add({{"version", status.running}}, 1);
  metrics.begin("system_boot_state",
                "State of the boot entry of each version: 1 for the one that it is in.");
  for (const SystemVersion &each : status.systems)
    if (each.boot)
      metrics.add({{"version", each.version}, {"state", std::string(name(*each.boot))}}, 1);
  metrics.begin("system_tries_left", "Tries that the boot loader has left for a version.");
  for (const SystemVersion &each : status.systems)
    if (each.tries_left)
      metrics.add({{"version", each.version}}, *each.tries_left);
}

void add_extensions(const MachineStatus &status, MetricsText &metrics)
{
  metrics.begin("component_info", "Versions of each component; in_use is of extensions.");
  for (const ComponentVersions &each : status.components)
    metrics.add({{"component", each.name},
                 {"in_use", each.in_use},
                 {"newest", each.newest},
                 {"pending", each.pending}},
                1);
}

void add_waiting(const MachineStatus &status, MetricsText &metrics)
{
  const Transition transition =
      status.outlook ? status.outlook->decision.transition : Transition::none;
  metrics.begin("waiting", "1 where another version is next, by what brings it into effect.");
  for (const Transition each : {Transition::soft_reboot, Transition::kexec, Transition::reboot})
    metrics.add({{"transition", std::string(name(each))}}, each == transition ? 1 : 0);
}

} // namespace

std::string metrics_of(const MachineStatus &status)
{
  MetricsText metrics;
  add_systems(status, metrics);
  add_extensions(status, metrics);
  add_waiting(status, metrics);
  metrics.begin("troubles", "How many things `strake status` says somebody should look at.");
  metrics.add({}, static_cast<std::int64_t>(status.troubles.size()));
  if (status.last_run) {
    metrics.begin("last_run_timestamp_seconds", "When the last automatic update ended.");
    metrics.add({}, status.last_run->time);
    metrics.begin("last_run_success", "Whether it did what it was to do.");
    metrics.add({}, status.last_run->failure.empty() ? 1 : 0);
  }
  return metrics.text();
}

void write_metrics(const base::Host &host)
{
  const std::string path = read_automatic_settings(host).metrics_file;
  if (path.empty())
    return;
  const auto [folder, file] = base::split_path(path);
  const base::Dir dir = base::make_path(host.sys, host.root, folder);
  base::replace_file(host.sys, dir, file, metrics_of(read_status(host)));
}

} // namespace handoff
