// SPDX-License-Identifier: Apache-2.0
#include "handoff/service_manager.hpp"

#include "base/error.hpp"
#include "base/parse.hpp"

namespace handoff {

namespace {

std::string ask(const base::Host &host, base::Command command)
{
  const std::string verb = command.argv.front();
  command.argv.insert(command.argv.begin(), {"systemctl", "--no-ask-password"});
  const base::Finished done = host.programs.run(command);
  if (done.status != 0)
    base::fail(base::Kind::io, "systemctl {} failed: {}", verb, done.errors);
  return done.output;
}

} // namespace

std::string ask_service_manager(const base::Host &host, const std::vector<std::string> &arguments)
{
  return ask(host, {.argv = arguments});
}

bool has_unit_file(const base::Host &host, const std::string &unit)
{
  return ask_service_manager(host, {"show", "--property=FragmentPath", "--value", unit}) != "\n";
}

unsigned service_manager_version(const base::Host &host)
{
  if (!host.machine.find_dir("/run/systemd/system"))
    return 0;
  const std::string version = ask_service_manager(host, {"show", "--property=Version", "--value"});
  const std::size_t digits = version.find_first_not_of("0123456789");
  return static_cast<unsigned>(base::parse_number(version.substr(0, digits)).value_or(0));
}

void request(const base::Host &host, Transition transition)
{
  // Or logind makes of a reboot what is ready: another root of an earlier attempt that was killed,
  // another kernel of whoever.
  (void)ask(host,
            {.argv = {std::string(name(transition))},
             .environment = {"SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT=1", "SYSTEMCTL_SKIP_AUTO_KEXEC=1"}});
}

} // namespace handoff
