// SPDX-License-Identifier: Apache-2.0
#include "handoff/next_root.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "handoff/follow.hpp"
#include "handoff/root_signature.hpp"
#include "overlay/hierarchy.hpp"
#include "overlay/merge.hpp"
#include "updater/disk.hpp"
#include "updater/running.hpp"
#include "verity/file_system.hpp"
#include "verity/mapped_device.hpp"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>

namespace handoff {

namespace {

using base::Depth;
using base::Dir;
using base::Fd;
using base::Kind;
using base::Place;
using overlay::MountLine;

constexpr std::array kernel_places = {"/dev", "/proc", "/run", "/sys", "/tmp"};
constexpr std::array hierarchies = {"/usr", "/opt", "/etc"};
constexpr std::array never_carried = {"autofs", "tmpfs", "ramfs", "overlay"};

bool is_below(const std::string &path, std::string_view parent)
{
  return path == parent || path.starts_with(std::string(parent) + "/");
}

bool is_carried(const MountLine &line)
{
  const auto is_it = [&](std::string_view place) { return is_below(line.target, place); };
  return line.target != "/" && std::none_of(kernel_places.begin(), kernel_places.end(), is_it) &&
         std::none_of(hierarchies.begin(), hierarchies.end(), is_it) &&
         std::find(never_carried.begin(), never_carried.end(), line.type) == never_carried.end();
}

/// The partitions of a slot, open, and what is said of them.
struct SlotFiles {
  Fd data;
  Fd tree;
  verity::RootHashClaim claim;
};

SlotFiles open_slot(const base::Host &host, const MenuEntry &entry)
{
  const auto hashes = root_hashes(entry.entry.options);
  const auto disk = SlotDisk::find(host, "");
  const auto slot = std::find_if(entry.slots.begin(), entry.slots.end(), [](const BootSlot &each) {
    return each.option == "roothash" && each.number != 0 && each.tree != 0;
  });
  if (!disk || slot == entry.slots.end())
    base::fail(Kind::not_found, "no partition of this machine is the root of {}", entry.file);
  const auto hash = std::find_if(
      hashes.begin(), hashes.end(), [](const RootHash &each) { return each.option == "roothash"; });
  const auto open = [&](unsigned number) {
    return host.machine.file(updater::partition_path(disk->path(), number));
  };
  return {
      open(slot->number), open(slot->tree), claim_of(host, *disk, entry.entry.options, hash->hash)};
}

verity::TreeShape read_shape(const Fd &tree)
{
  std::vector<std::byte> start(verity::superblock_size);
  (void)base::read_at(tree, 0, start);
  verity::SuperblockReading reading = verity::parse_superblock(start);
  if (!reading.superblock)
    base::fail(Kind::config, "its hash tree cannot be used: {}", reading.refusal);
  return std::move(reading.superblock->shape);
}

/// As long as there is one, nobody can set up another.
void let_go_of_devices_over(const base::Host &host, const Fd &partition)
{
  struct stat status = {};
  if (::fstat(partition.number(), &status) != 0)
    base::fail_errno("cannot look at a partition of the next root");
  for (const std::string &name : verity::devices_over(host.machine, status.st_rdev))
    host.sys.let_go_mapped(name);
}

/// The root file system, hanging nowhere yet.
Dir mount_root(const base::Host &host, const MenuEntry &entry)
{
  const SlotFiles slot = open_slot(host, entry);
  let_go_of_devices_over(host, slot.data);
  let_go_of_devices_over(host, slot.tree);
  const verity::TreeShape shape = read_shape(slot.tree);
  const Fd device = open_signed_root(host,
                                     {.data = {slot.data, {0, verity::data_bytes(shape)}},
                                      .tree = {slot.tree, {0, verity::hash_bytes(shape)}},
                                      .shape = shape,
                                      .root_hash = slot.claim.root_hash},
                                     slot.claim,
                                     signature_need(host, entry.entry.options));
  const std::string type = verity::file_system_type(device, {0, verity::data_bytes(shape)});
  if (type.empty())
    base::fail(Kind::config, "no file system is found in its root");
  return host.sys.make_mount(
      {.type = type,
       .device = &device,
       .limits = {.no_writing = true, .no_devices = false, .no_set_user = false}});
}

/// The kernel that runs goes on, and loads its modules from the root that comes.
void demand_modules(const Dir &root)
{
  struct utsname names = {};
  ::uname(&names);
  const std::string release(static_cast<const char *>(names.release));
  if (!root.find_dir("/usr/lib/modules/" + release))
    base::fail(Kind::config,
               "it has no modules of the kernel {}, which goes on running; it needs a reboot",
               release);
}

NextRoot carry(const base::Host &host, const Dir &root)
{
  NextRoot next;
  const auto table =
      overlay::parse_mount_table(host.machine.text("/proc/self/mountinfo").value_or(""));
  for (const std::string &path : mounts_to_carry(table)) {
    const auto from = host.root.find_dir(path);
    const auto where = root.find_dir(path);
    if (!from || !where) {
      next.left.push_back(path);
      continue;
    }
    const Fd copy = host.sys.copy_mount(from->fd(), Depth::whole_tree);
    host.sys.attach(copy, where->fd(), Place::on_top);
    next.carried.push_back(path);
  }
  return next;
}

/// The host as the next system will be: nothing of it runs, but it is of this machine.
base::Host next_host(const base::Host &host, Dir root)
{
  return {.sys = host.sys,
          .programs = host.programs,
          .fetcher = host.fetcher,
          .clock = host.clock,
          .log = host.log,
          .environment = host.environment,
          .root = std::move(root),
          .machine = host.machine.again(),
          .is_running_system = false};
}

/// What is merged is prepared below /run, which is to be the same in both systems; the service
/// manager moves its own there.
void merge_extensions(const base::Host &host, const base::Host &next)
{
  const Fd run = host.sys.copy_mount(host.machine.dir("/run").fd(), Depth::one_mount);
  host.sys.attach(run, next.root.dir("/run").fd(), Place::on_top);
  overlay::refresh(next, overlay::usual_requests(next));
  host.sys.unmount(next.root.dir("/run").fd());
}

} // namespace

std::vector<std::string> mounts_to_carry(const std::vector<MountLine> &table)
{
  std::vector<std::string> carried;
  for (const MountLine &line : table)
    if (is_carried(line))
      carried.push_back(line.target);
  std::sort(carried.begin(), carried.end());
  std::vector<std::string> topmost;
  for (const std::string &path : carried)
    if (topmost.empty() || !is_below(path, topmost.back()))
      topmost.push_back(path);
  return topmost;
}

bool has_mounted_etc(const std::vector<MountLine> &table)
{
  return std::any_of(table.begin(), table.end(), [](const MountLine &line) {
    return line.target == "/etc" && line.source != overlay::name(overlay::Class::confext);
  });
}

void leave_next_root(const base::Host &host)
{
  const auto present = host.machine.find_dir(next_root_path);
  const auto run = host.machine.find_dir("/run");
  if (present && run && present->status(".")->st_dev != run->status(".")->st_dev)
    host.sys.unmount(present->fd());
  follow_system(host);
}

void let_go_of_present_root(const base::Host &host)
{
  const auto root = host.root.status(".");
  const auto name = root ? verity::mapped_name(host.machine, root->st_dev) : std::nullopt;
  if (name)
    host.sys.let_go_mapped(*name);
}

NextRoot prepare_next_root(const base::Host &host, const MenuEntry &entry)
{
  leave_next_root(host);
  return base::during("opening the system of " + entry.file, [&] {
    const Dir root = mount_root(host, entry);
    demand_modules(root);
    const Dir where = base::make_path(host.sys, host.machine, next_root_path);
    host.sys.attach(root.fd(), where.fd(), Place::on_top);
    try {
      NextRoot next = carry(host, host.machine.dir(next_root_path));
      const base::Host its = next_host(host, Dir::open_root(next_root_path));
      next.version = updater::running_version(its);
      follow_system(its);
      merge_extensions(host, its);
      return next;
    } catch (const base::Error &) {
      leave_next_root(host);
      throw;
    }
  });
}

} // namespace handoff
