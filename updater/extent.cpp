// SPDX-License-Identifier: Apache-2.0
#include "updater/extent.hpp"

#include "base/error.hpp"
#include "base/medium.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace updater {

namespace {

constexpr std::size_t piece = std::size_t{1} << 20U;

} // namespace

ExtentSink::ExtentSink(base::Sys &sys, Extent extent) : sys_(sys), extent_(std::move(extent))
{
}

void ExtentSink::write(base::Bytes data)
{
  if (data.size() > extent_.limit - length_)
    base::fail(base::Kind::no_space,
               "the payload is larger than {}, which holds {} bytes",
               extent_.what,
               extent_.limit);
  sys_.write_at(*extent_.fd, extent_.start + length_, data);
  digest_.update(data);
  length_ += data.size();
}

Written ExtentSink::written()
{
  return {length_, digest_.finish()};
}

bool digest_prefix(const Extent &extent, std::uint64_t length, verity::Digest &digest)
{
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(piece, length)));
  for (std::uint64_t done = 0; done < length;) {
    const auto step =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), length - done));
    const base::MutableBytes target = std::span(buffer).first(step);
    if (base::read_at(*extent.fd, extent.start + done, target) != step)
      return false;
    digest.update(target);
    done += step;
  }
  return true;
}

verity::Sha256 read_back(base::Sys &sys, const Extent &extent, std::uint64_t length)
{
  sys.forget_cached(*extent.fd, extent.start, length); // for where the reader cannot get past it
  base::MediumReader reader(*extent.fd, extent.start);
  verity::Digest digest;
  while (length > 0) {
    const base::Bytes data = reader.next(length);
    if (data.empty())
      base::fail(base::Kind::io, "{} ends {} bytes before what was written", extent.what, length);
    digest.update(data);
    length -= data.size();
  }
  return digest.finish();
}

} // namespace updater
