// SPDX-License-Identifier: Apache-2.0
#include "overlay/configuration.hpp"

#include "fuzz.hpp"
#include "overlay/settings.hpp"

#include <algorithm>

namespace {

/// "/a/b": beneath the root, and not the root itself.
bool is_plain(const std::string &path)
{
  const std::string parts = path + "/";
  return path.size() > 1 && path.starts_with('/') && parts.find("//") == std::string::npos &&
         parts.find("/./") == std::string::npos && parts.find("/../") == std::string::npos;
}

void check(const overlay::Configuration &configuration)
{
  const auto &hierarchies = configuration.hierarchies;
  for (const std::string &path : hierarchies) {
    fuzz::demand(is_plain(path), "a hierarchy lies beneath the root");
    fuzz::demand(std::ranges::count(hierarchies, path) == 1, "and is there once");
  }
  for (const auto &[path, mutability] : configuration.of_hierarchy)
    fuzz::demand(is_plain(path) && overlay::mutability_of(configuration, path) == mutability,
                 "what is said of a hierarchy holds for it");
}

} // namespace

// All that says how extensions are merged, cut at NUL bytes: systemd's file of the class, those of
// hierarchies and of all extensions, the hierarchies and the mode of the environment, and a kernel
// command line.
const fuzz::Registered configuration(
    {"configuration", {base::Kind::config, base::Kind::usage}, [](std::string_view input) {
       const auto texts = fuzz::cut(input, '\0', 6);
       const fuzz::Scratch scratch;
       scratch.write("etc/systemd/confext.conf", texts[0]);
       scratch.write("usr/lib/systemd/confext.conf.d/a.conf", texts[0]);
       scratch.write("etc/strake/hierarchies.conf", texts[1]);
       scratch.write("etc/strake/extensions.conf", texts[2]);
       base::Host host = fuzz::host_in(scratch);
       host.environment["SYSTEMD_CONFEXT_HIERARCHIES"] = texts[3];
       host.environment["SYSTEMD_CONFEXT_MUTABLE_MODE"] = texts[4];
       host.environment["SYSTEMD_PROC_CMDLINE"] = texts[5];
       host.environment["SYSTEMD_EXEC_PID"] = "*";
       (void)overlay::switched_off(host, overlay::Class::confext);
       (void)overlay::read_settings(host);
       check(
           overlay::read_configuration(host, overlay::Class::confext, std::nullopt, std::nullopt));
     }});
