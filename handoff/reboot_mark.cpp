// SPDX-License-Identifier: Apache-2.0
#include "handoff/reboot_mark.hpp"

#include "base/durable.hpp"

namespace handoff {

namespace {

constexpr const char *required = "reboot-required";
constexpr const char *packages = "reboot-required.pkgs";
constexpr const char *soft = "soft-reboot-required";
constexpr std::string_view ours = "*** strake: ";

void mark(const base::Host &host, const base::Dir &run, const char *name, const std::string &text)
{
  if (run.text(name) != text)
    base::replace_file(host.sys, run, name, text);
}

void unmark(const base::Host &host, const base::Dir &run, const char *name)
{
  if (run.status(name))
    host.sys.remove(run, name, base::Remove::file);
}

} // namespace

void mark_reboot(const base::Host &host, Transition transition, const std::string &version)
{
  const auto run = host.root.find_dir("run");
  if (!run)
    return;
  const auto present = run->text(required);
  const bool is_others = present && !present->starts_with(ours);
  if (!is_others && transition != Transition::none) {
    mark(host, *run, required, fmt::format("{}{} waits for a reboot ***\n", ours, version));
    mark(host, *run, packages, "strake\n");
  } else if (present && !is_others) {
    unmark(host, *run, required);
    unmark(host, *run, packages);
  }
  if (transition == Transition::soft_reboot)
    mark(host, *run, soft, version + "\n");
  else
    unmark(host, *run, soft);
}

} // namespace handoff
