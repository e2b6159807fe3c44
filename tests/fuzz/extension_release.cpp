// SPDX-License-Identifier: Apache-2.0
#include "base/os_release.hpp"
#include "fuzz.hpp"
#include "overlay/fit.hpp"
#include "overlay/follow_ups.hpp"
#include "overlay/image.hpp"
#include "overlay/release.hpp"

#include <algorithm>

namespace {

void check(const overlay::Verdict &verdict)
{
  fuzz::demand(verdict.fits == verdict.rule.empty() && verdict.fits == verdict.why.empty() &&
                   verdict.fits == verdict.fix.empty(),
               "what does not fit has a rule, a reason and a remedy, and what fits has none");
}

void check(const overlay::FollowUps &wanted)
{
  for (const auto *units : {&wanted.restart_units, &wanted.reload_or_restart_units})
    for (const std::string &unit : *units) {
      fuzz::demand(!unit.starts_with('-') && unit.find_first_of("/ \n") == std::string::npos,
                   "a unit is no option and no path");
      fuzz::demand(wanted.reload_manager, "units need a reload");
    }
  for (const std::string &unit : wanted.reload_or_restart_units)
    fuzz::demand(std::find(wanted.restart_units.begin(), wanted.restart_units.end(), unit) ==
                     wanted.restart_units.end(),
                 "a unit is restarted or reloaded, not both");
}

} // namespace

// An extension's name, its release file and the os-release it meets, cut at NUL bytes: it is read
// back as it was written, or refused as what it is, and judged with a reason.
const fuzz::Registered extension_release(
    {"extension_release", {base::Kind::config}, [](std::string_view input) {
       const auto texts = fuzz::cut(input, '\0', 3);
       const std::string &name = texts[0];
       const overlay::Release data = base::parse_assignments(texts[1]);
       const fuzz::Scratch scratch;
       const std::string place = "tree/usr/lib/extension-release.d/extension-release.";
       // The name has to leave room for what stands before it.
       const bool is_name = overlay::is_valid_image_name(name) && name.size() < 200;
       scratch.write(place + (is_name ? name : "foo"), texts[1]);
       scratch.write("etc/os-release", texts[2]);
       const base::Host host = fuzz::host_in(scratch);
       const auto read = overlay::read_release(
           host.root.dir("tree"), overlay::Class::sysext, is_name ? name : "foo_1.0");
       fuzz::demand(read == data, "a release file says what is in it");
       overlay::Target target;
       target.os_release = base::parse_assignments(texts[2]);
       target.architecture = "x86-64";
       for (const auto each : {overlay::Class::sysext, overlay::Class::confext})
         for (const bool is_initrd : {false, true}) {
           target.is_initrd = is_initrd;
           check(overlay::fits(read, target, each));
         }
       check(overlay::follow_ups(data));
       const auto found = overlay::read_target(host);
       fuzz::demand(!overlay::value_of(found.os_release, "ID").empty(), "a target has an ID");
     }});
