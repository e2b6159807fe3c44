// SPDX-License-Identifier: Apache-2.0
#include "updater/disk.hpp"

#include "base/error.hpp"

#include <fmt/ranges.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

namespace updater {

namespace {

using base::Kind;

std::string trimmed(std::string text)
{
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
    text.pop_back();
  return text;
}

std::string device_number(dev_t device)
{
  return fmt::format("{}:{}", ::major(device), ::minor(device));
}

/// One line of /proc/self/mountinfo (proc(5)), as far as it matters here.
struct MountLine {
  std::string device; ///< "8:2"
  std::string where;
  std::string type;
  std::string what;
};

std::vector<MountLine> read_mounts(const base::Host &host)
{
  std::vector<MountLine> mounts;
  std::istringstream lines(
      host.machine.text("/proc/self/mountinfo", std::size_t{16} << 20U).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    MountLine mount;
    std::string skipped;
    words >> skipped >> skipped >> mount.device >> skipped >> mount.where;
    while (words >> skipped && skipped != "-") {
    }
    words >> mount.type >> mount.what;
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

/// The name under /sys/class/block of a device number, and whether it is a partition of which disk.
struct BlockDevice {
  std::string name;
  std::string disk; ///< the whole disk's name; its own if it is one
};

std::optional<BlockDevice> block_device(const base::Host &host, const std::string &number)
{
  const auto link = host.machine.link_target("/sys/dev/block/" + number);
  if (!link)
    return std::nullopt;
  const base::SplitPath path = base::split_path(*link);
  if (host.machine.status("/sys/class/block/" + path.name) &&
      host.machine.text("/sys/class/block/" + path.name + "/partition"))
    return BlockDevice{path.name, base::split_path(path.parent).name};
  return BlockDevice{path.name, path.name};
}

std::vector<std::string> names_in(const base::Host &host, const std::string &path)
{
  std::vector<std::string> names;
  if (const auto dir = host.machine.find_dir(path))
    for (const base::DirEntry &entry : dir->entries())
      names.push_back(entry.name);
  return names;
}

/// Follows device-mapper (verity has two devices below, on one disk) down to the whole disk.
std::string whole_disk(const base::Host &host, const std::string &number)
{
  std::set<std::string> disks;
  std::vector<std::string> open = {number};
  while (!open.empty()) {
    const std::string next = open.back();
    open.pop_back();
    const auto device = block_device(host, next);
    if (!device)
      continue;
    const auto below = names_in(host, "/sys/class/block/" + device->name + "/slaves");
    if (below.empty())
      disks.insert(device->disk);
    for (const std::string &name : below)
      open.push_back(trimmed(host.machine.text("/sys/class/block/" + name + "/dev").value_or("")));
  }
  if (disks.size() != 1)
    base::fail(Kind::config,
               "the block device {} lies on {} disks ({}), not on one; name the disk in the "
               "target's Path=",
               number,
               disks.size(),
               fmt::format("{}", fmt::join(disks, ", ")));
  std::string name = *disks.begin();
  std::replace(name.begin(), name.end(), '!', '/'); // sysfs writes cciss/c0d0 as cciss!c0d0
  return "/dev/" + name;
}

const MountLine *mount_of(const std::vector<MountLine> &mounts, const std::string &path)
{
  const MountLine *best = nullptr;
  for (const MountLine &mount : mounts) {
    const bool covers =
        mount.where == "/" || path == mount.where || path.starts_with(mount.where + "/");
    if (covers && (best == nullptr || mount.where.size() >= best->where.size()))
      best = &mount;
  }
  return best;
}

/// The device number behind the file system of a directory, as "major:minor".
std::string backing_device(const base::Host &host, const std::string &path)
{
  const auto status = host.root.target_status(path);
  if (!status)
    base::fail(Kind::not_found, "{} does not exist", host.root.display(path));
  if (S_ISBLK(status->st_mode))
    return device_number(status->st_rdev);
  if (::major(status->st_dev) != 0)
    return device_number(status->st_dev);
  // A merged /usr says in its metadata what it lay on before.
  for (const char *name : {"/.systemd-sysext/backing", "/.strake/backing"})
    if (const auto text = host.root.text(path + name))
      return trimmed(*text);
  const std::vector<MountLine> mounts = read_mounts(host);
  const MountLine *mount = mount_of(mounts, path);
  if (mount != nullptr && mount->what.starts_with("/dev/"))
    if (const auto device = host.machine.target_status(mount->what);
        device && S_ISBLK(device->st_mode))
      return device_number(device->st_rdev);
  base::fail(Kind::config,
             "the file system of {} ({}) has no block device of its own, so its disk cannot be "
             "found; name the disk in the target's Path=",
             host.root.display(path),
             mount == nullptr ? "unknown" : mount->type);
}

std::string discover(const base::Host &host, const std::string &path)
{
  return whole_disk(host, backing_device(host, path));
}

DiskPath automatic_disk(const base::Host &host)
{
  if (!host.is_running_system)
    base::fail(Kind::usage, "Path=auto means the running machine's disk, which --root= excludes");
  const bool is_volatile = host.root.status("/run/systemd/volatile-root").has_value();
  return {discover(host, is_volatile ? "/run/systemd/volatile-root" : "/usr"), true};
}

} // namespace

const base::Dir &root_of(const base::Host &host, const DiskPath &disk)
{
  return disk.is_image ? host.machine : host.root;
}

DiskPath find_disk(const base::Host &host, const Target &target, const std::string &image)
{
  const DiskPath whole_image{.path = image, .is_image = true};
  // Whatever the device is called on the machine that will boot the image: it is this one.
  if (!image.empty() && (target.path_auto || target.path.starts_with("/dev/")))
    return whole_image;
  if (target.path_auto)
    return automatic_disk(host);
  const auto status = host.root.target_status(target.path);
  if (!status)
    base::fail(Kind::not_found,
               "the target {} does not exist; a partition target's Path= is a disk, the image file "
               "of one, or a directory on it",
               host.root.display(target.path));
  if (S_ISBLK(status->st_mode) && !host.is_running_system)
    base::fail(Kind::usage,
               "{} is a device node, which --root= and --image= exclude",
               host.root.display(target.path));
  if (S_ISREG(status->st_mode) || S_ISBLK(status->st_mode))
    return {target.path, S_ISBLK(status->st_mode)};
  if (!S_ISDIR(status->st_mode))
    base::fail(Kind::config,
               "the target {} is neither a disk, nor the image file of one, nor a directory",
               host.root.display(target.path));
  if (!image.empty())
    return whole_image;
  return {discover(host, target.path), true};
}

std::string partition_path(const std::string &disk, unsigned partition)
{
  const bool ends_in_digit =
      !disk.empty() && std::isdigit(static_cast<unsigned char>(disk.back())) != 0;
  return fmt::format("{}{}{}", disk, ends_in_digit ? "p" : "", partition);
}

std::string
user_of(const base::Host &host, const std::string &disk, std::uint64_t start, std::uint64_t length)
{
  constexpr std::uint64_t sysfs_sector = 512; // whatever the disk's own sectors are
  const auto status = host.root.target_status(disk);
  if (!status || !S_ISBLK(status->st_mode))
    return "";
  const auto device = block_device(host, device_number(status->st_rdev));
  if (!device)
    return "";
  const std::string disk_directory = "/sys/class/block/" + device->name;
  const auto number_in = [&](const std::string &path) {
    return std::strtoull(host.machine.text(path).value_or("0").c_str(), nullptr, 10);
  };
  for (const std::string &name : names_in(host, disk_directory)) {
    const std::string partition = disk_directory + "/" + name;
    if (!host.machine.text(partition + "/partition"))
      continue;
    if (number_in(partition + "/start") * sysfs_sector != start ||
        number_in(partition + "/size") * sysfs_sector != length)
      continue;
    const auto holders = names_in(host, partition + "/holders");
    if (!holders.empty())
      return "used by " + holders.front();
    const std::string number = trimmed(host.machine.text(partition + "/dev").value_or(""));
    for (const MountLine &mount : read_mounts(host))
      if (mount.device == number)
        return "mounted on " + mount.where;
  }
  return "";
}

} // namespace updater
