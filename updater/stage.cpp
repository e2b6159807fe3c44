// SPDX-License-Identifier: Apache-2.0
#include "updater/stage.hpp"

#include "base/error.hpp"
#include "base/tar.hpp"
#include "base/tree_copy.hpp"
#include "base/unpack.hpp"
#include "updater/download.hpp"
#include "updater/room.hpp"

#include <limits>
#include <map>
#include <utility>

namespace updater {

namespace {

using base::Level;

/// More than any tree that strake installs; the file system's own limit is what counts in practice.
constexpr std::uint64_t largest_tree = std::uint64_t{1} << 50U;

bool is_url(ResourceKind kind)
{
  return kind == ResourceKind::url_file || kind == ResourceKind::url_tar;
}

bool is_tree(ResourceKind kind)
{
  return kind == ResourceKind::directory || kind == ResourceKind::subvolume;
}

class Staging {
public:
  Staging(const base::Host &host,
          const base::Dir &state,
          Inventory &inventory,
          const UpdatePlan &plan)
      : host_(host), state_(state), inventory_(inventory), staged_(host, inventory, plan)
  {
  }

  Staged run()
  {
    for (const Step &step : staged_.plan.steps)
      if (step.action == Action::acquire)
        staged_.parts.push_back({.step = &step});
    fetch_payloads();
    for (StagedPart &part : staged_.parts)
      if (part.step->partition == 0)
        base::during(holding(part).transfer.id, [&] { write_part(part); });
    write_slots();
    return std::move(staged_);
  }

private:
  const Holding &holding(const StagedPart &part) const
  {
    return inventory_.holdings[part.step->transfer];
  }

  Reach &way(const StagedPart &part) { return inventory_.ways[part.step->transfer]; }

  const Instance &source(const StagedPart &part) const { return *sources_.at(part.step->transfer); }

  void announce(const StagedPart &part)
  {
    const Holding &from = holding(part);
    const std::string where =
        part.step->partition != 0
            ? partition_path(from.target_path, part.step->partition)
            : base::split_path(from.target_path + "/" + part.step->name).parent;
    host_.say(Level::info, "⤵️ Acquiring {} → {}...", source(part).path, where);
  }

  void find_sources()
  {
    for (const StagedPart &part : staged_.parts)
      for (const Instance &offered : holding(part).available)
        if (offered.metadata.version == part.step->fields.version)
          sources_[part.step->transfer] = &offered;
  }

  Wanted wanted(StagedPart &part)
  {
    Wanted payload;
    payload.what = holding(part).transfer.id;
    payload.urls = source(part).urls;
    payload.sha256 = source(part).metadata.sha256.value();
    payload.size_limit = source(part).packed_size.value_or(0);
    if (holding(part).transfer.source.kind == ResourceKind::url_tar)
      return payload; // an archive is parsed, so it must be checked first
    payload.direct = [this, &part](auto length) { return open_place(part, length); };
    payload.keeps_direct = part.step->partition != 0;
    payload.may_resume_direct = part.step->partition != 0 && staged_.slots->holds_part(*part.step);
    return payload;
  }

  void fetch_payloads()
  {
    find_sources();
    std::vector<Wanted> payloads;
    std::vector<StagedPart *> owners;
    for (StagedPart &part : staged_.parts) {
      announce(part);
      if (!is_url(holding(part).transfer.source.kind))
        continue;
      payloads.push_back(wanted(part));
      owners.push_back(&part);
    }
    std::vector<Arrived> all = download(host_, state_, payloads);
    for (std::size_t index = 0; index < all.size(); ++index)
      arrived_.emplace(owners[index], std::move(all[index]));
  }

  /// Where the bytes of a file or slot go, as many as `length` says.
  Extent open_place(StagedPart &part, std::optional<std::uint64_t> length)
  {
    if (part.step->partition != 0) {
      staged_.slots->open();
      return staged_.slots->extent(*part.step);
    }
    if (!part.file) {
      make_room_for(host_, inventory_, *part.step, length);
      part.file = make_file(host_.sys, *way(part).target, part.step->name, length);
    }
    return part.file->extent();
  }

  void write_part(StagedPart &part)
  {
    if (is_tree(holding(part).transfer.target.kind))
      write_tree(part);
    else
      write_file(part);
  }

  void write_tree(StagedPart &part)
  {
    const Transfer &transfer = holding(part).transfer;
    part.tree = make_tree(host_.sys, *way(part).target, part.step->name, transfer.target.kind);
    const base::TreeLimits limits{.size = largest_tree};
    switch (transfer.source.kind) {
    case ResourceKind::directory:
    case ResourceKind::subvolume:
      base::copy_tree(
          host_.sys, way(part).source->dir.value().dir(source(part).name), part.tree->dir);
      break;
    case ResourceKind::tar:
      base::extract_tar(
          host_.sys, way(part).source->dir.value().file(source(part).name), part.tree->dir, limits);
      break;
    default:
      base::extract_tar(host_.sys, arrived_.at(&part).staged, part.tree->dir, limits);
    }
    settle_tree(host_.sys, *part.tree);
  }

  /// Pumps a local or staged file into its place, unpacking it.
  Written pump(StagedPart &part, const base::Fd &file, std::optional<std::uint64_t> length)
  {
    Extent extent = open_place(part, length);
    ExtentSink sink(host_.sys, extent);
    base::unpack_file(file, base::detect_compression(file), {extent.limit}, sink);
    return sink.written();
  }

  Written write_bytes(StagedPart &part, std::optional<std::uint64_t> length)
  {
    const auto came = arrived_.find(&part);
    if (came == arrived_.end())
      return pump(part, way(part).source->dir.value().file(source(part).name), length);
    if (came->second.route == Route::staged)
      return pump(part, came->second.staged, length);
    return came->second.written;
  }

  void check_size(const StagedPart &part) const
  {
    const auto &promised = part.step->fields.size;
    if (promised && *promised != part.written.length)
      base::fail(base::Kind::untrusted,
                 "the payload has {} bytes, but its name promises {}",
                 part.written.length,
                 *promised);
  }

  /// An answer that broke off may have been longer than the one that was right at last, and what is
  /// behind that nobody vouches for.
  void cut_to_length(const StagedPart &part)
  {
    if (base::size_of(part.file->fd) != part.written.length)
      host_.sys.resize(part.file->fd, part.written.length);
  }

  void write_file(StagedPart &part)
  {
    part.written = write_bytes(part, arrived_size(part));
    cut_to_length(part);
    check_size(part);
    settle_file(host_.sys, *part.file, part.step->fields);
  }

  /// How many bytes a file will take, if that is known before it is written.
  std::optional<std::uint64_t> arrived_size(const StagedPart &part)
  {
    const auto came = arrived_.find(&part);
    if (came != arrived_.end() && came->second.route != Route::staged)
      return std::nullopt; // it has been written already
    const base::Fd local =
        came == arrived_.end() ? way(part).source->dir.value().file(source(part).name) : base::Fd();
    return unpacked_size(came == arrived_.end() ? local : came->second.staged);
  }

  void write_slots()
  {
    for (StagedPart &part : staged_.parts) {
      if (part.step->partition == 0)
        continue;
      base::during(holding(part).transfer.id, [&] {
        part.written = write_bytes(part, {});
        check_size(part);
        const Extent extent = staged_.slots->extent(*part.step);
        if (holding(part).transfer.target.zero_fill == true)
          host_.sys.zero(
              *extent.fd, extent.start + part.written.length, extent.limit - part.written.length);
        host_.sys.sync(*extent.fd);
      });
    }
  }

  const base::Host &host_;
  const base::Dir &state_;
  Inventory &inventory_;
  Staged staged_;
  std::map<std::size_t, const Instance *> sources_;
  std::map<const StagedPart *, Arrived> arrived_;
};

} // namespace

Staged::Staged(const base::Host &host, Inventory &stock, const UpdatePlan &what)
    : inventory(stock), plan(what), slots(std::make_unique<Slots>(host, stock, what))
{
}

Staged
stage(const base::Host &host, const base::Dir &state, Inventory &inventory, const UpdatePlan &plan)
{
  return Staging(host, state, inventory, plan).run();
}

Verified verify(const base::Host &host, Staged staged)
{
  for (StagedPart &part : staged.parts) {
    if (part.tree)
      continue; // its files were written by us a moment ago; there is no digest of a tree
    const Extent extent = part.file ? part.file->extent() : staged.slots->extent(*part.step);
    const bool has_more = part.file && base::size_of(part.file->fd) != part.written.length;
    if (has_more || read_back(host.sys, extent, part.written.length) != part.written.sha256)
      base::fail(base::Kind::io,
                 "{} does not return what was written to it; the storage is failing, and the new "
                 "version was not put into effect",
                 extent.what);
  }
  return Verified(std::move(staged));
}

} // namespace updater
