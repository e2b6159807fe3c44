// SPDX-License-Identifier: Apache-2.0
#include "handoff/boot_once.hpp"

#include "base/error.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <span>

namespace handoff {

namespace {

using base::Kind;

constexpr const char *variables_directory = "sys/firmware/efi/efivars";
constexpr const char *variable = "LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
/// Kept without power, and seen by the boot loader as well as here (UEFI, GetVariable()).
constexpr char attributes = 7;

/// What efivarfs takes in one write: 32 bits of attributes, and UTF-16 with a NUL at its end. Names
/// of entries are of ASCII (UAPI.1).
std::string content_of(const std::string &id)
{
  std::string content = {attributes, 0, 0, 0};
  for (const char letter : id)
    content += {letter, 0};
  return content += {0, 0};
}

} // namespace

const MenuEntry &choose_once(const std::vector<MenuEntry> &menu, const std::string &id)
{
  const auto found = std::find_if(
      menu.begin(), menu.end(), [&](const MenuEntry &each) { return each.entry.name.id == id; });
  if (found == menu.end()) {
    std::vector<std::string> ids;
    for (const MenuEntry &each : menu)
      ids.push_back(each.entry.name.id);
    base::fail(Kind::not_found,
               "there is no boot entry {}; there are: {}",
               id,
               ids.empty() ? "none" : fmt::format("{}", fmt::join(ids, ", ")));
  }
  if (found->entry.type == BootEntryType::marked)
    base::fail(
        Kind::config, "{} is a partition, and its boot loader takes no word for one boot", id);
  if (!found->can_boot())
    base::fail(Kind::config,
               "{} cannot boot: {}",
               found->file,
               found->faults.empty() ? "it was given up" : found->faults.front());
  return *found;
}

void boot_once(const base::Host &host, const std::string &loader_id)
{
  const auto variables = host.machine.find_dir(variables_directory);
  if (!variables)
    base::fail(Kind::not_found,
               "this machine was not started by EFI firmware, which would keep the word");
  forget_once(host);
  if (loader_id.empty())
    return;
  const base::Fd file = host.sys.create(*variables, variable, 0644);
  const std::string content = content_of(loader_id);
  host.sys.write_at(file, 0, std::as_bytes(std::span(content)));
}

void forget_once(const base::Host &host)
{
  const auto variables = host.machine.find_dir(variables_directory);
  if (!variables || !variables->status(variable))
    return;
  host.sys.set_immutable(variables->file(variable), false); // as the kernel protects them
  host.sys.remove(*variables, variable, base::Remove::file);
}

} // namespace handoff
