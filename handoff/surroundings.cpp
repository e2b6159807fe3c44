// SPDX-License-Identifier: Apache-2.0
#include "handoff/surroundings.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

namespace handoff {

namespace {

using Json = nlohmann::json;

constexpr const char *power_supplies = "sys/class/power_supply";

/// Of a device in sysfs, without the line's end; empty if it does not say.
std::string attribute(const base::Dir &device, const char *name)
{
  std::string text = device.text(name).value_or("");
  return text.substr(0, text.find('\n'));
}

bool reads_on_battery(const base::Host &host)
{
  const auto supplies = host.machine.find_dir(power_supplies);
  bool discharges = false;
  for (const base::DirEntry &entry :
       supplies ? supplies->entries() : std::vector<base::DirEntry>{}) {
    const auto device = supplies->find_dir(entry.name);
    // A mouse or a headset has a battery of its own.
    if (!device || attribute(*device, "scope") == "Device")
      continue;
    if (attribute(*device, "online") == "1")
      return false;
    if (attribute(*device, "type") == "Battery" && attribute(*device, "status") == "Discharging")
      discharges = true;
  }
  return discharges;
}

/// What busctl prints; empty if it cannot be asked, or nobody answers.
std::string ask_bus(const base::Host &host, std::vector<std::string> words)
{
  if (!host.programs.exists("busctl"))
    return {};
  words.insert(words.begin(), {"busctl", "--auto-start=no"});
  const base::Finished done = host.programs.run({.argv = std::move(words)});
  return done.status == 0 ? done.output : "";
}

bool reads_metered(const base::Host &host)
{
  std::istringstream answer(ask_bus(host,
                                    {"get-property",
                                     "org.freedesktop.NetworkManager",
                                     "/org/freedesktop/NetworkManager",
                                     "org.freedesktop.NetworkManager",
                                     "Metered"}));
  std::string type;
  unsigned value = 0;
  answer >> type >> value;
  constexpr unsigned yes = 1;
  constexpr unsigned guessed_yes = 3; // NMMetered
  return type == "u" && (value == yes || value == guessed_yes);
}

std::string text_at(const Json &row, std::size_t index)
{
  return row.is_array() && index < row.size() && row[index].is_string()
             ? row[index].get<std::string>()
             : "";
}

bool blocks_shutdown(const Json &row)
{
  constexpr std::size_t what = 0;
  constexpr std::size_t mode = 3;
  const std::string subjects = ":" + text_at(row, what) + ":";
  return subjects.find(":shutdown:") != std::string::npos &&
         text_at(row, mode).starts_with("block");
}

} // namespace

Surroundings read_surroundings(const base::Host &host)
{
  return {.is_metered = reads_metered(host), .is_on_battery = reads_on_battery(host)};
}

std::vector<Inhibitor> parse_inhibitors(std::string_view json)
{
  const Json answer = Json::parse(json, nullptr, false);
  std::vector<Inhibitor> inhibitors;
  if (!answer.is_object() || !answer.contains("data") || !answer["data"].is_array())
    return inhibitors;
  for (const Json &rows : answer["data"])
    for (const Json &row : rows)
      if (blocks_shutdown(row))
        inhibitors.push_back({text_at(row, 1), text_at(row, 2)});
  return inhibitors;
}

std::vector<Inhibitor> read_inhibitors(const base::Host &host)
{
  return parse_inhibitors(ask_bus(host,
                                  {"--json=short",
                                   "call",
                                   "org.freedesktop.login1",
                                   "/org/freedesktop/login1",
                                   "org.freedesktop.login1.Manager",
                                   "ListInhibitors"}));
}

} // namespace handoff
