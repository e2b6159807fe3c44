// SPDX-License-Identifier: Apache-2.0
#include "support/disk_file.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace support {

namespace {

struct Sector {
  std::size_t offset;
  std::vector<std::byte> data;
};

// The sectors that really change, because only they can make a difference.
std::vector<Sector> changed_sectors(const std::vector<std::byte> &disk,
                                    const std::vector<std::byte> &after,
                                    std::size_t sector_size)
{
  std::vector<Sector> result;
  for (std::size_t at = 0; at < disk.size(); at += sector_size) {
    const auto begin = static_cast<std::ptrdiff_t>(at);
    const auto end = static_cast<std::ptrdiff_t>(at + sector_size);
    if (!std::equal(disk.begin() + begin, disk.begin() + end, after.begin() + begin))
      result.push_back({at, {after.begin() + begin, after.begin() + end}});
  }
  return result;
}

void put(std::vector<std::byte> &disk, std::size_t offset, const std::vector<std::byte> &data)
{
  REQUIRE(offset + data.size() <= disk.size());
  std::copy(data.begin(), data.end(), disk.begin() + static_cast<std::ptrdiff_t>(offset));
}

} // namespace

DiskFile::DiskFile(const std::vector<std::byte> &content)
{
  set(content);
}

base::Fd DiskFile::open() const
{
  return base::LinuxSys().open_writable(root_.dir(), "disk");
}

std::vector<std::byte> DiskFile::content() const
{
  const std::string text = root_.read("disk");
  const base::Bytes bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

void DiskFile::set(const std::vector<std::byte> &content) const
{
  root_.write("disk", std::string(reinterpret_cast<const char *>(content.data()), content.size()));
}

void RecordingSys::write_at(const base::Fd &fd, std::uint64_t offset, base::Bytes data)
{
  steps.push_back({offset, {data.begin(), data.end()}});
  LinuxSys::write_at(fd, offset, data);
}

void RecordingSys::sync(const base::Fd & /*fd*/)
{
  steps.push_back({});
}

void RecordingSys::announce_partitions(const base::Fd & /*disk*/,
                                       const std::vector<base::KernelPartition> &partitions)
{
  announced = partitions;
}

std::vector<std::vector<std::byte>>
cut_states(std::vector<std::byte> disk, const std::vector<DiskStep> &steps, unsigned sector_size)
{
  std::vector<std::vector<std::byte>> states;
  std::vector<std::byte> after = disk;
  const auto end_epoch = [&] {
    const std::vector<Sector> sectors = changed_sectors(disk, after, sector_size);
    REQUIRE(sectors.size() <= 12);
    for (std::uint32_t subset = 0; subset < 1U << sectors.size(); ++subset) {
      std::vector<std::byte> state = disk;
      for (std::size_t index = 0; index < sectors.size(); ++index)
        if ((subset >> index & 1U) != 0)
          put(state, sectors[index].offset, sectors[index].data);
      states.push_back(std::move(state));
    }
    disk = after;
  };
  for (const DiskStep &step : steps)
    if (step.data.empty())
      end_epoch();
    else
      put(after, step.offset, step.data);
  // What was written after the last flush may be lost as well.
  if (after != disk)
    end_epoch();
  return states;
}

} // namespace support
