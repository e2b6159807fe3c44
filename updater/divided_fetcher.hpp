// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/fetcher.hpp"
#include "updater/fetch_options.hpp"

#include <memory>

namespace updater {

/// Fetches this machine's files by one fetcher, and what servers have by another. What is to be had
/// from both is tried in the order of its places: what comes next only after what stands before it
/// was of no use.
class DividedFetcher final : public base::Fetcher {
public:
  DividedFetcher(std::vector<MirrorRule> mirrors,
                 std::unique_ptr<base::Fetcher> files,
                 std::unique_ptr<base::Fetcher> servers);

  std::vector<base::Fetched> fetch(const std::vector<base::Fetch> &wanted) override;

private:
  struct Stretch;

  [[nodiscard]] std::vector<Stretch> divide(const base::Fetch &wanted) const;
  base::Fetched fetch_in_turn(const base::Fetch &wanted, const std::vector<Stretch> &stretches);

  std::vector<MirrorRule> mirrors_;
  std::unique_ptr<base::Fetcher> files_;
  std::unique_ptr<base::Fetcher> servers_;
};

} // namespace updater
