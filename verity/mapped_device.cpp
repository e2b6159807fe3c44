// SPDX-License-Identifier: Apache-2.0
#include "verity/mapped_device.hpp"

#include "base/error.hpp"
#include "verity/tree_check.hpp"

#include <sys/sysmacros.h>

namespace verity {

namespace {

/// The kernel would notice too, but with an EIO to whoever looks for a file system first.
void check_first_block(const HashedData &source)
{
  const BlockReader tree =
      range_reader(source.tree.file, source.tree.range.start, source.tree.range.length);
  std::vector<std::byte> block(source.shape.data_block_size);
  range_reader(source.data.file, source.data.range.start, source.data.range.length)(0, block);
  if (const auto bad = BlockChecker(source.shape, tree, source.root_hash).check(0, block))
    refuse(*bad, source.root_hash);
}

base::Fd set_up(const base::Host &host, const HashedData &source, std::string_view signature)
{
  check_first_block(source);
  const auto attach = [&](const FileRange &range, std::uint64_t length) {
    // A whole partition is a device already, and then it can be seen which one is in use.
    if (base::is_block_device(range.file) && range.range.start == 0)
      return base::duplicate(range.file);
    return host.sys.attach_loop(range.file, {range.range.start, length}, base::Access::read_only);
  };
  const base::Fd data = attach(source.data, data_bytes(source.shape));
  const base::Fd tree = attach(source.tree, hash_bytes(source.shape));
  return host.sys.attach_verity({.name = fmt::format("{}-verity", hex(source.root_hash)),
                                 .data = &data,
                                 .tree = &tree,
                                 .data_block_size = source.shape.data_block_size,
                                 .hash_block_size = source.shape.hash_block_size,
                                 .data_blocks = source.shape.data_blocks,
                                 .salt = source.shape.salt,
                                 .root_hash = source.root_hash,
                                 .signature = signature});
}

/// Where sysfs has a block device.
std::string place_of(dev_t device)
{
  return fmt::format("/sys/dev/block/{}:{}", major(device), minor(device));
}

std::optional<std::string> mapped_name_at(const base::Dir &machine, const std::string &place)
{
  const auto text = machine.text(place + "/dm/name");
  if (!text)
    return std::nullopt;
  return text->substr(0, text->find('\n'));
}

} // namespace

std::optional<std::string> mapped_name(const base::Dir &machine, dev_t device)
{
  return mapped_name_at(machine, place_of(device));
}

std::vector<std::string> devices_over(const base::Dir &machine, dev_t device)
{
  const std::string place = place_of(device) + "/holders";
  const auto holders = machine.find_dir(place);
  std::vector<std::string> names;
  for (const base::DirEntry &holder : holders ? holders->entries() : std::vector<base::DirEntry>{})
    // From the root on, because these are links that lead elsewhere.
    if (auto name = mapped_name_at(machine, place + "/" + holder.name))
      names.push_back(*std::move(name));
  return names;
}

bool has_device_mapper(const base::Host &host)
{
  try {
    const auto control = host.machine.find_file("dev/mapper/control");
    struct stat status = {};
    return control && ::fstat(control->number(), &status) == 0 && S_ISCHR(status.st_mode);
  } catch (const base::Error &) {
    return false; // to be forbidden to use it is to have none
  }
}

bool kernel_demands_signature(const base::Host &host)
{
  return host.machine.text("/sys/module/dm_verity/parameters/require_signatures")
      .value_or("")
      .starts_with('Y');
}

base::Fd mapped_device(const base::Host &host, const HashedData &source)
{
  return set_up(host, source, {});
}

KernelAnswer
ask_kernel(const base::Host &host, const HashedData &source, std::string_view signature)
{
  try {
    return {.device = set_up(host, source, signature)};
  } catch (const base::Error &error) {
    return {.refusal = error.what()};
  }
}

} // namespace verity
