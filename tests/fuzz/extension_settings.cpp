// SPDX-License-Identifier: Apache-2.0
#include "overlay/extension_settings.hpp"

#include "fuzz.hpp"
#include "overlay/configuration.hpp"
#include "overlay/order.hpp"

#include <algorithm>
#include <set>

namespace {

/// One index for all layers, those below the system first.
std::size_t height(const overlay::Arrangement &arrangement, const std::string &name)
{
  std::vector<std::string> layers = arrangement.below;
  layers.insert(layers.end(), arrangement.above.begin(), arrangement.above.end());
  return static_cast<std::size_t>(std::ranges::find(layers, name) - layers.begin());
}

void check(const overlay::Arrangement &arrangement,
           const std::map<std::string, overlay::ExtensionSettings> &settings)
{
  std::set<std::string> used(arrangement.above.begin(), arrangement.above.end());
  used.insert(arrangement.below.begin(), arrangement.below.end());
  const std::size_t layers = arrangement.above.size() + arrangement.below.size();
  fuzz::demand(used.size() == layers, "no extension is used twice");
  fuzz::demand(layers + arrangement.left_out.size() == settings.size(), "none is forgotten");
  for (const overlay::LeftOut &each : arrangement.left_out)
    fuzz::demand(!used.contains(each.name) && !each.verdict.why.empty() &&
                     !each.verdict.rule.empty(),
                 "what is left out is not used, and it is said why");
  for (const std::string &name : used) {
    const overlay::ExtensionSettings &own = settings.at(name);
    fuzz::demand(own.enabled, "what is used is enabled");
    for (const std::string &other : own.after)
      fuzz::demand(!used.contains(other) || height(arrangement, other) < height(arrangement, name),
                   "an extension is above those it is after");
    for (const std::string &other : own.required)
      fuzz::demand(used.contains(other), "what is required is there");
    for (const std::string &other : own.conflicts)
      fuzz::demand(!used.contains(other), "what conflicts is not there");
  }
}

} // namespace

// The settings of four extensions, of the hierarchies and of systemd's file, cut at NUL bytes:
// either they are refused as configuration, or the extensions have an order that keeps to them.
const fuzz::Registered extension_settings(
    {"extension_settings", {base::Kind::config}, [](std::string_view input) {
       const fuzz::Scratch scratch;
       const std::vector<std::string> names = {"a", "b", "c", "d"};
       const auto texts = fuzz::cut(input, '\0', 6);
       for (std::size_t index = 0; index < names.size(); ++index)
         scratch.write("etc/strake/extensions/" + names[index] + ".conf", texts[index]);
       scratch.write("etc/strake/hierarchies.conf", texts[4]);
       scratch.write("etc/systemd/sysext.conf", texts[5]);
       const base::Host host = fuzz::host_in(scratch);
       (void)overlay::read_configuration(host, overlay::Class::sysext, std::nullopt, std::nullopt);
       std::map<std::string, overlay::ExtensionSettings> settings;
       for (const std::string &name : names)
         settings[name] = overlay::read_extension_settings(host, name);
       check(overlay::arrange(names, settings), settings);
     }});
