// SPDX-License-Identifier: Apache-2.0
#include "updater/arrival.hpp"

#include "base/error.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <utility>

namespace updater {

namespace {

/// How often progress is made durable: often enough to lose little, rarely enough to cost nothing.
constexpr std::uint64_t note_every = std::uint64_t{64} << 20U;

/// Room that staging leaves free for others.
constexpr std::uint64_t room_left_free = std::uint64_t{16} << 20U;

} // namespace

Arrival::Arrival(const base::Host &host, const base::Dir &staging, const Wanted &wanted)
    : host_(host), staging_(staging), wanted_(wanted)
{
}

std::string Arrival::place_name() const
{
  return route_ == Route::staged ? "staged" : place_->what;
}

void Arrival::resume()
{
  const auto progress = read_progress(staging_, wanted_.sha256);
  if (!progress)
    return;
  resumed_ = progress->place == "staged" ? resume_blob(*progress) : resume_direct(*progress);
  if (!resumed_) {
    start_over();
    return;
  }
  validator_ = progress->validator;
  noted_ = have_;
  host_.say(
      base::Level::info, "{}: going on after {} bytes of an earlier run", wanted_.what, have_);
}

bool Arrival::resume_blob(const Progress &progress)
{
  const std::string name = blob_name(wanted_.sha256);
  if (!staging_.status(name))
    return false;
  base::Fd blob = host_.sys.open_writable(staging_, name);
  const std::uint64_t length = base::size_of(blob);
  // In the same boot the page cache still has what was written; after another only what was synced.
  const std::uint64_t have =
      progress.boot_id == boot_id(host_) ? length : std::min(length, progress.have);
  const Extent extent{&blob, 0, length, "staging"};
  if (have < base::compression_magic_size || !digest_prefix(extent, have, digest_)) {
    digest_ = verity::Digest();
    return false;
  }
  compression_ = base::detect_compression(blob);
  blob_ = std::move(blob);
  route_ = Route::staged;
  have_ = have;
  return true;
}

bool Arrival::resume_direct(const Progress &progress)
{
  if (!wanted_.direct || !wanted_.may_resume_direct)
    return false;
  Extent extent = wanted_.direct({});
  if (extent.what != progress.place || progress.have > extent.limit ||
      !digest_prefix(extent, progress.have, digest_)) {
    digest_ = verity::Digest();
    return false;
  }
  place_ = std::move(extent);
  route_ = Route::direct;
  have_ = progress.have;
  return true;
}

void Arrival::start_over()
{
  discard(host_.sys, staging_, wanted_.sha256);
  blob_ = base::Fd();
  unpacker_.reset();
  place_sink_.reset();
  head_.clear();
  route_.reset();
  digest_ = verity::Digest();
  have_ = 0;
  noted_ = 0;
  validator_.clear();
  resumed_ = false;
}

void Arrival::begin(const base::Response &response)
{
  if (response.offset == 0 && have_ > 0)
    start_over();
  else if (response.offset != have_)
    base::fail(base::Kind::internal,
               "{}: bytes come from {} on where {} were there",
               wanted_.what,
               response.offset,
               have_);
  validator_ = response.validator;
  size_ = response.size;
}

void Arrival::receive(base::Bytes data)
{
  digest_.update(data);
  have_ += data.size();
  if (route_) {
    write(data);
    return;
  }
  head_.insert(head_.end(), data.begin(), data.end());
  if (head_.size() >= base::compression_magic_size)
    choose_route();
}

/// A server that could claim any size would choose what is read before its hash is known.
bool Arrival::has_room_to_stage() const
{
  if (wanted_.size_limit == 0)
    return true; // nobody vouched for one: a disk that is full then ends the download
  struct statvfs room = {};
  if (::fstatvfs(staging_.fd().number(), &room) < 0)
    base::fail_errno("cannot learn the free space of {}", staging_.path());
  const std::uint64_t free = std::uint64_t{room.f_bavail} * room.f_frsize;
  return wanted_.size_limit + room_left_free <= free;
}

Route Arrival::route_for(base::Compression compression) const
{
  if (wanted_.direct && compression == base::Compression::none)
    return Route::direct;
  return wanted_.direct && !has_room_to_stage() ? Route::streamed : Route::staged;
}

void Arrival::choose_route()
{
  compression_ = base::detect_compression(head_);
  const Route route = route_for(compression_);
  if (route == Route::staged)
    open_blob();
  else if (!place_)
    place_ = wanted_.direct(route == Route::direct ? size_ : std::nullopt);
  if (route == Route::streamed) {
    place_sink_ = std::make_unique<ExtentSink>(host_.sys, *place_);
    unpacker_ = std::make_unique<base::Unpacker>(
        compression_, *place_sink_, base::UnpackLimits{place_->limit});
  }
  route_ = route; // not before what it needs is there: keep() comes also after a failure above
  const std::vector<std::byte> head = std::exchange(head_, {});
  write(head);
}

void Arrival::open_blob()
{
  discard(host_.sys, staging_, wanted_.sha256);
  blob_ = host_.sys.create(staging_, blob_name(wanted_.sha256), 0600);
}

void Arrival::write(base::Bytes data)
{
  const std::uint64_t offset = have_ - data.size();
  switch (*route_) {
  case Route::staged:
    host_.sys.write_at(blob_, offset, data);
    break;
  case Route::direct:
    if (have_ > place_->limit)
      base::fail(base::Kind::no_space,
                 "the payload is larger than {}, which holds {} bytes",
                 place_->what,
                 place_->limit);
    host_.sys.write_at(*place_->fd, place_->start + offset, data);
    break;
  case Route::streamed:
    unpacker_->write(data);
    return; // nothing of this can be taken up later
  }
  if (is_kept() && (noted_ == 0 || have_ - noted_ >= note_every))
    note_progress();
}

bool Arrival::is_kept() const
{
  return route_ == Route::staged || (route_ == Route::direct && wanted_.keeps_direct);
}

void Arrival::note_progress()
{
  // The first note only says where the bytes lie; there is nothing to sync yet.
  const bool is_first = noted_ == 0;
  if (!is_first)
    host_.sys.sync(route_ == Route::staged ? blob_ : *place_->fd);
  write_progress(host_.sys,
                 staging_,
                 wanted_.sha256,
                 {is_first ? 0 : have_, validator_, boot_id(host_), place_name()});
  noted_ = std::max<std::uint64_t>(have_, 1);
}

void Arrival::keep()
{
  if (is_kept() && have_ > 0) {
    noted_ = std::max<std::uint64_t>(noted_, 1);
    note_progress();
  }
}

bool Arrival::finish()
{
  if (!route_)
    choose_route();
  return digest_.finish() == wanted_.sha256;
}

Arrived Arrival::take()
{
  Arrived arrived;
  arrived.route = *route_;
  arrived.compression = compression_;
  arrived.staged = std::move(blob_);
  if (route_ == Route::direct)
    arrived.written = {have_, wanted_.sha256};
  if (route_ == Route::streamed) {
    unpacker_->finish();
    arrived.written = place_sink_->written();
  }
  return arrived;
}

} // namespace updater
