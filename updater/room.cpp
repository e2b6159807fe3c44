// SPDX-License-Identifier: Apache-2.0
#include "updater/room.hpp"

#include "base/error.hpp"
#include "base/unpack.hpp"
#include "updater/file_target.hpp"

#include <sys/statvfs.h>

#include <limits>
#include <vector>

namespace updater {

namespace {

struct Room {
  std::uint64_t free;
  std::uint64_t block;
};

Room room_of(const base::Dir &dir)
{
  struct statvfs found = {};
  if (::fstatvfs(dir.fd().number(), &found) < 0)
    base::fail_errno("cannot learn the free space of {}", dir.path());
  return {std::uint64_t{found.f_bavail} * found.f_frsize, found.f_frsize};
}

/// With what the directory may grow by and the rounding to whole blocks.
std::uint64_t needed(std::uint64_t bytes, const Room &room)
{
  const std::uint64_t blocks = bytes / room.block + 3;
  return blocks * room.block;
}

/// What would be free without the victims.
std::uint64_t free_without(const base::Dir &dir, const std::vector<Instance> &victims)
{
  const Room room = room_of(dir);
  std::uint64_t free = room.free;
  for (const Instance &victim : victims)
    if (const auto status = dir.status(victim.name))
      free += static_cast<std::uint64_t>(status->st_size) / room.block * room.block;
  return free;
}

[[noreturn]] void fail_for_room(const Step &step, const base::Dir &dir, std::uint64_t bytes)
{
  const Room room = room_of(dir);
  base::fail(base::Kind::no_space,
             "{} needs {} bytes in {}, which has {} bytes free; free some, or lower the target's "
             "InstancesMax=",
             step.name,
             needed(bytes, room),
             dir.path(),
             room.free);
}

class Counter final : public base::Sink {
public:
  void write(base::Bytes data) override { count_ += data.size(); }

  void finish() override {}

  [[nodiscard]] std::uint64_t count() const { return count_; }

private:
  std::uint64_t count_ = 0;
};

} // namespace

void make_room_for(const base::Host &host,
                   Inventory &inventory,
                   const Step &step,
                   std::optional<std::uint64_t> bytes)
{
  if (!bytes)
    return;
  Place &place = *inventory.ways[step.transfer].target;
  const base::Dir &dir = make_place(host.sys, place);
  if (needed(*bytes, room_of(dir)) > free_without(dir, step.victims))
    fail_for_room(step, dir, *bytes); // nothing is given up for what will not come
  for (const Instance &victim : step.victims) {
    const Room room = room_of(dir);
    if (needed(*bytes, room) <= room.free)
      return;
    host.say(base::Level::info,
             "♻ Removing old '{}' before the new version is written, because both do not fit.",
             victim.path);
    remove_instance(host.sys, place, victim.name);
  }
  const Room room = room_of(dir);
  if (needed(*bytes, room) > room.free)
    fail_for_room(step, dir, *bytes);
}

std::uint64_t unpacked_size(const base::Fd &file)
{
  const base::Compression compression = base::detect_compression(file);
  if (compression == base::Compression::none)
    return base::size_of(file);
  Counter counter;
  base::unpack_file(file, compression, {std::numeric_limits<std::int64_t>::max()}, counter);
  return counter.count();
}

} // namespace updater
