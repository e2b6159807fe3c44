// SPDX-License-Identifier: Apache-2.0
#include "verity/private_copy.hpp"

#include "base/durable.hpp"
#include "verity/parallel_check.hpp"

#include <algorithm>
#include <thread>

namespace verity {

namespace {

constexpr std::uint64_t copy_step = std::uint64_t{4} << 20U;

base::Fd make_copy_file(const base::Host &host, const CopyPlace &place, std::uint64_t length)
{
  if (length <= place.memory_limit)
    return host.sys.create_in_memory("strake-verified");
  const base::SplitPath split = base::split_path(place.directory);
  (void)base::make_path(host.sys, host.machine, split.parent);
  const base::Dir directory = base::make_path(host.sys, host.machine, place.directory, 0700);
  base::Fd file = host.sys.create_unnamed(directory);
  host.sys.allocate(file, length);
  return file;
}

} // namespace

base::Fd checked_copy(const base::Host &host, const HashedData &source, const CopyPlace &place)
{
  const std::uint64_t length = data_bytes(source.shape);
  base::Fd copy = make_copy_file(host, place, length);
  // The threads look at the copy and not its source: what they find good is what will be mounted.
  ParallelCheck check(
      source.shape,
      copy,
      range_reader(source.tree.file, source.tree.range.start, source.tree.range.length),
      source.root_hash,
      std::thread::hardware_concurrency());
  for (std::uint64_t done = 0; done < length;) {
    const std::uint64_t count = std::min(copy_step, length - done);
    host.sys.copy(source.data.file, {source.data.range.start + done, count}, copy, done);
    done += count;
    if (!check.arrived(done))
      break;
  }
  if (const auto bad = check.finish())
    refuse(*bad, source.root_hash);
  if (length <= place.memory_limit)
    host.sys.seal(copy);
  return copy;
}

} // namespace verity
