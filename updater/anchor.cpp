// SPDX-License-Identifier: Apache-2.0
#include "updater/anchor.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"

#include <array>

namespace updater {

namespace {

/// A directory that is a mount point of its own, or carries what a boot loader looks for.
bool looks_like_boot_partition(const base::Dir &root, std::string_view path)
{
  const auto found = root.status(path);
  const auto above = root.status(base::split_path(path).parent);
  if (!found || !above || !S_ISDIR(found->st_mode))
    return false;
  const auto dir = root.find_dir(path);
  return found->st_dev != above->st_dev || (dir && (dir->status("EFI") || dir->status("loader")));
}

std::optional<base::Dir> from_environment(const base::Host &host, std::string_view variable)
{
  const auto path = host.variable(variable);
  if (!path)
    return std::nullopt;
  if (!path->starts_with('/'))
    base::fail(base::Kind::usage, "${} is \"{}\", but must be an absolute path", variable, *path);
  return host.root.dir(*path);
}

std::optional<base::Dir> find_xbootldr(const base::Host &host)
{
  if (auto given = from_environment(host, "SYSTEMD_XBOOTLDR_PATH"))
    return given;
  // /boot is XBOOTLDR only where the ESP is mounted elsewhere; alone it is the ESP.
  const bool elsewhere = looks_like_boot_partition(host.root, "/efi") ||
                         looks_like_boot_partition(host.root, "/boot/efi");
  if (elsewhere && looks_like_boot_partition(host.root, "/boot"))
    return host.root.dir("/boot");
  return std::nullopt;
}

base::Dir find_esp(const base::Host &host)
{
  if (auto given = from_environment(host, "SYSTEMD_ESP_PATH"))
    return std::move(*given);
  for (const char *path : std::array{"/efi", "/boot", "/boot/efi"})
    if (looks_like_boot_partition(host.root, path))
      return host.root.dir(path);
  base::fail(base::Kind::not_found,
             "no EFI system partition is mounted on /efi, /boot or /boot/efi beneath {}; mount it, "
             "or name it with $SYSTEMD_ESP_PATH",
             host.root.path());
}

base::Dir find_anchor(const base::Host &host, Anchor anchor, const std::string &transfer_source)
{
  switch (anchor) {
  case Anchor::root:
    return host.root.again();
  case Anchor::esp:
    return find_esp(host);
  case Anchor::xbootldr:
  case Anchor::boot:
    if (auto found = find_xbootldr(host))
      return std::move(*found);
    if (anchor == Anchor::boot)
      return find_esp(host);
    base::fail(
        base::Kind::not_found,
        "no extended boot loader partition is mounted on /boot beneath {}; mount it, or name "
        "it with $SYSTEMD_XBOOTLDR_PATH",
        host.root.path());
  case Anchor::given:
    if (transfer_source.empty())
      base::fail(base::Kind::usage,
                 "PathRelativeTo=explicit needs the option --transfer-source=PATH");
    return host.machine.dir(transfer_source);
  }
  base::fail(base::Kind::internal, "an anchor without a meaning");
}

} // namespace

Place find_place(const base::Host &host,
                 Anchor anchor,
                 const std::string &path,
                 const std::string &transfer_source)
{
  const bool is_boot =
      anchor == Anchor::esp || anchor == Anchor::xbootldr || anchor == Anchor::boot;
  base::Dir top = find_anchor(host, anchor, transfer_source);
  auto dir = is_boot ? top.find_dir_no_symlinks(path) : top.find_dir(path);
  return {std::move(top), path, std::move(dir), is_boot};
}

const base::Dir &make_place(base::Sys &sys, Place &place)
{
  if (!place.dir)
    place.dir = base::make_path(sys, place.anchor, place.path);
  return *place.dir;
}

} // namespace updater
