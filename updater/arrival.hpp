// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/fetcher.hpp"
#include "updater/download.hpp"
#include "updater/staging.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace updater {

/// One payload as it comes: chooses its route by its first bytes, writes, digests, and notes now
/// and then how far it is, so that the next run can go on from there.
class Arrival final : public base::Receiver {
public:
  Arrival(const base::Host &host, const base::Dir &staging, const Wanted &wanted);

  /// Takes up what an earlier run left; afterwards have() bytes need not be fetched.
  void resume();
  /// Forgets all that came, here and on disk.
  void start_over();

  [[nodiscard]] std::uint64_t have() const { return have_; }

  [[nodiscard]] const std::string &validator() const { return validator_; }

  [[nodiscard]] bool was_resumed() const { return resumed_; }

  void begin(const base::Response &response) override;
  void receive(base::Bytes data) override;

  /// After the last byte: true if they are the promised ones.
  bool finish();
  /// Syncs and notes what has come, for the next run.
  void keep();
  Arrived take();

private:
  [[nodiscard]] Route route_for(base::Compression compression) const;
  void choose_route();
  void open_blob();
  void write(base::Bytes data);
  [[nodiscard]] bool has_room_to_stage() const;
  [[nodiscard]] std::string place_name() const;
  bool resume_blob(const Progress &progress);
  bool resume_direct(const Progress &progress);
  /// Whether the next run can go on with what has come.
  [[nodiscard]] bool is_kept() const;
  void note_progress();

  const base::Host &host_;
  const base::Dir &staging_;
  const Wanted &wanted_;
  std::optional<Route> route_;
  base::Compression compression_ = base::Compression::none;
  std::vector<std::byte> head_; // bytes that came before the route was chosen
  base::Fd blob_;
  std::optional<Extent> place_;
  std::unique_ptr<ExtentSink> place_sink_;   // for Route::streamed
  std::unique_ptr<base::Unpacker> unpacker_; // for Route::streamed
  verity::Digest digest_;
  std::uint64_t have_ = 0;
  std::uint64_t noted_ = 0;
  std::optional<std::uint64_t> size_;
  std::string validator_;
  bool resumed_ = false;
};

} // namespace updater
